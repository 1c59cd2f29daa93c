# shellcheck shell=sh
# foreground: run the node in the foreground, as supervisors and containers want it.
#
# usage: NAME foreground [--wait SECONDS] [ARG...]
#
# The helper takes the place of this process and stays as the node's parent. HUP, INT, QUIT and TERM mean one
# graceful stop, with the hooks pre_stop before and post_stop after it; nothing refuses a signal, a pre_stop that
# fails is reported. A second signal kills the node. USR1 makes it write a crash dump. post_start runs once it has
# booted, post_stop also when it ends by itself. Ends with the node's status, 128 + N for signal N, or 0 after a
# stop that was asked for. systemd is told with Type=notify how far it is, and whether it answers (WatchdogSec).
# A unit wants KillMode=mixed: without it systemd signals the node and its hooks as well.
#
# [supervise] in rel/relboot.toml: with "watchdog" a node that gives no answer for so long is ended, with
# "enabled = false" the node itself takes the place of this process; then no hook comes after its start.
#
# One command at a time works on an instance: --wait (the first option) waits for another one's end, without it
# this one ends with 8.
#
# example: exec NAME foreground

# shellcheck disable=SC2154 # the files of a kit share variables

_boot_core_phases='pre_start pre_configure post_configure post_start pre_stop post_stop'
_boot_core_locks=yes
_boot_core_patience=10 # a supervisor may be quicker than the "stop" before it

boot_command() {
    # shellcheck source=/dev/null
    . "$BOOT_DIR/erts.sh"
    _boot_hooks_phase pre_start
    _boot_foreground_mode=supervised
    [ -n "$_boot_supervise" ] || _boot_foreground_mode=foreground
    _boot_erts_configure "$_boot_foreground_mode" _boot_foreground_run "$@"
}

_boot_foreground_run() {
    [ -n "$_boot_supervise" ] || _boot_foreground_alone
    _boot_foreground_watchdog=${_boot_watchdog#0} # 0: none
    [ -z "$_boot_helper" ] ||
        _boot_erts_supervise ${_boot_foreground_watchdog:+--watchdog "$_boot_foreground_watchdog"}
    # As above, once more: a new shell may go on here.
    # shellcheck source=/dev/null
    . "$BOOT_DIR/plain.sh"
    [ -n "$_boot_hooks_after" ] || _boot_erts_exec
    _boot_plain_supervise
}

# the node in the place of this process
_boot_foreground_alone() {
    _boot_foreground_lost=
    [ -z "$_boot_hooks_after" ] || for _boot_foreground_phase in post_start pre_stop post_stop post_foreground; do
        case $_boot_hooks_have in
        *" $_boot_foreground_phase "*) _boot_foreground_lost="$_boot_foreground_lost $_boot_foreground_phase" ;;
        esac
    done
    [ -z "$_boot_foreground_lost" ] || boot_warn "nobody is left to run the hooks:$_boot_foreground_lost" \
        'leave out "enabled = false" of [supervise] in rel/relboot.toml'
    _boot_erts_exec
}
