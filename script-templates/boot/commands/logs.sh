# shellcheck shell=sh
# logs: show what the node has written, or what its crash dump tells.
#
# usage: NAME logs [-f | --follow] [-n LINES | --lines LINES] [--since-start] [--raw]
#        NAME logs --crash [FILE] [--json]
#
# Shows the last 50 lines, or LINES, or "all", of the log of a node in the background, whether it runs or
# not: over all the files that it was rotated to, without run_erl's headings. --since-start begins where
# the node was last started. --follow goes on with what comes, over rotations, until it is interrupted.
# Of a node in the foreground it shows the file that its output goes to, or the journal of its unit, by
# journalctl, or the file "current" of its logger (runit, s6); else it says where the output goes, and ends
# with 4.
#
# A terminal gets colours of the log, but no other control characters: they are shown as ^X. A pipe or a
# file gets them as they are. --raw leaves out nothing and changes nothing (of the journal: no times).
#
# --crash sums up the newest crash dump, or the one in FILE, of any size: the reason, memory, what ran at
# the end, the processes with the most memory and the longest queues, and whether the dump is complete.
# Dumps lie beside the log: erl_crash.dump, and erl_crash.dump.TIME (in UTC) those before it. With --json it is
# one object with these keys; null is what the dump does not tell:
#
#   file bytes   the dump, and its size
#   when slogan system taints thread  as the VM wrote them; taints are modules with native code
#   atoms processes ports ets_tables timers  how many there were
#   memory       bytes, by kind: total processes binary ...
#   running      of each process that ran at the end: scheduler pid name state stack
#   largest queues  processes: pid name state spawned_as function memory queue
#   complete     whether the dump was written to its end; writer: the pid of the node that still writes it
#
# example: NAME logs -f
# example: NAME logs --since-start | grep -i error
# example: NAME logs --crash

boot_command() {
    _boot_core_last logs "$@"
}
