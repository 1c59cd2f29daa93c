# shellcheck shell=sh
# foreground: run the node in the foreground, as supervisors and containers want it.
#
# usage: NAME foreground [ARG...]
#
# The node takes the place of this process. Where plugins have hooks that come later (post_start,
# pre_stop, post_stop, ...) the script stays as its parent instead: it runs post_start once the node
# has booted, turns HUP, INT and TERM into a graceful stop with pre_stop and post_stop around it, and
# ends with the node's status. A pre_stop hook that fails is reported; it can't refuse a signal.
#
# example: exec NAME foreground

_boot_core_phases='pre_start pre_configure post_configure post_start failed_start pre_stop post_stop failed_stop'

boot_command() {
    # shellcheck source=/dev/null
    . "$BOOT_DIR/erts.sh"
    _boot_hooks_phase pre_start
    if [ -n "$_boot_hooks_after" ]; then
        _boot_erts_configure supervised _boot_foreground_supervise "$@"
    else
        _boot_erts_configure foreground _boot_erts_exec "$@"
    fi
}

_boot_foreground_supervise() {
    _boot_foreground_stopped=
    # A shell gives a background process no standard input of its own accord.
    exec 3<&0
    (_boot_erts_exec) <&3 3<&- &
    _boot_foreground_vm=$!
    exec 3<&-
    # From here on a signal is for the node; hooks find the traps put back to that.
    _boot_core_signal=
    _boot_core_heeds_signals=yes
    _boot_core_traps
    _boot_foreground_ready
    _boot_foreground_watch
}

# post_start, once the node has booted
_boot_foreground_ready() {
    [ -n "$_boot_helper" ] || return 0
    "$_boot_helper" wait --timeout "$_boot_start_timeout" &
    _boot_foreground_waiter=$!
    wait "$_boot_foreground_waiter"
    _boot_foreground_status=$?
    if [ -n "$_boot_core_signal" ]; then
        kill "$_boot_foreground_waiter" 2>/dev/null
    elif [ "$_boot_foreground_status" -eq 0 ]; then
        _boot_core_continue=_boot_foreground_watch
        _boot_hooks_phase post_start
    fi
}

# until the node has ended; its status
_boot_foreground_watch() {
    while :; do
        if [ -n "$_boot_core_signal" ] && [ -z "$_boot_foreground_stopped" ]; then
            _boot_foreground_stopped=yes
            _boot_foreground_pre_stop || boot_warn "stopping all the same: a signal can't be refused"
            _boot_foreground_terminate </dev/null >/dev/null 2>&1 &
            _boot_foreground_killer=$!
        fi
        wait "$_boot_foreground_vm"
        _boot_foreground_status=$?
        # Interrupted by a signal, or ended? An ended one is gone once it has been waited for.
        kill -0 "$_boot_foreground_vm" 2>/dev/null || break
    done
    if [ -n "$_boot_foreground_stopped" ]; then
        kill "$_boot_foreground_killer" 2>/dev/null
        _boot_core_continue=_boot_foreground_status
        _boot_hooks_phase post_stop
    fi
    _boot_foreground_status
}

# more than once: a VM that is still booting loses the signal
_boot_foreground_terminate() {
    trap - EXIT HUP INT TERM
    for _boot_foreground_pause in 1 2 4 8 16; do
        kill -TERM "$_boot_foreground_vm" || return 0
        sleep "$_boot_foreground_pause"
    done
}

# in a subshell, which a failing hook ends in place of the node's parent
_boot_foreground_pre_stop() (
    trap - EXIT
    _boot_hooks_isolated=yes
    _boot_hooks_phase pre_stop
)

_boot_foreground_status() {
    return "$_boot_foreground_status"
}
