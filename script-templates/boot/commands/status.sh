# shellcheck shell=sh
# status: tell what the node is doing.
#
# usage: NAME status [--json] [--watch] [--interval SECONDS] [--timeout SECONDS]
#        NAME status --all [--json] [--timeout SECONDS]
#
# Shows the state, pid, node name, versions, uptime, memory, how many processes, ports, atoms, tables and
# files there are and may be, the connected nodes, the alarms and the applications. A node without
# distribution can't be asked: then as much as its process tells. --watch shows it again every 2 seconds,
# or every SECONDS of --interval, and in the same place on a terminal, until it is interrupted; it goes on
# while the node is down. --timeout is how long the node may take to answer, 10 seconds by default.
#
# Ends with 0 when the node runs, 1 when it has ended, but not by "stop" (its pid file is still there), 3 when
# it is not running, 4 when that can't be told or it does not answer: the numbers of the LSB.
#
# --json writes one line (with --watch one for each time) with these keys; null is what can't be known:
#
#   name state        the release; state: starting, started, stopping, and stopped, dead or unknown when
#                     there is no answer; running or paused for a process without distribution
#   reason            why there is no answer, or no more of it; else absent
#   node pid          the node's name, its process
#   version           the release that was booted
#   permanent_version the one that the next start boots
#   otp erts          versions of the runtime system
#   uptime_seconds since  how long it runs; since when, as RFC 3339
#   answered_ms       how long the answer took, in milliseconds
#   memory            bytes: total processes binary ets atom code
#   resident_bytes    what the process has in memory
#   schedulers        total online
#   run_queue         processes that wait for a scheduler
#   processes ports atoms ets_tables files  of each: count limit
#   nodes             names of connected nodes: visible hidden (without this client)
#   applications      of each that is started: name version
#   alarms            as text, of alarm_handler; null without sasl
#
# --all lists the instances of this release (see RELEASE_NODE and BOOT_INSTANCE) that were ever started and whose
# state directory can be found: a line each with name, state, pid, version, uptime and node, or with --json an array
# of what --json tells of one, with these keys more: instance state_dir. All are asked at once, for 2 seconds at
# most; TLS nodes are not asked, and are running or dead. It ends with 0, whatever runs.
#
# example: NAME status --json
# example: NAME status --watch --interval 5
# example: NAME status --all

boot_command() {
    _boot_core_last status "$@"
}
