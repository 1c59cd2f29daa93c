# shellcheck shell=sh
# foreground: run the node in the foreground, as supervisors and containers want it.
#
# usage: NAME foreground [--wait SECONDS] [ARG...]
#
# The node takes the place of this process. Where plugins have hooks that come later (post_start,
# pre_stop, post_stop, ...) the script stays as its parent instead: it runs post_start once the node
# has booted, turns HUP, INT and TERM into a graceful stop with pre_stop and post_stop around it, and
# ends with the node's status. A pre_stop hook that fails is reported; it can't refuse a signal.
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
    if [ -n "$_boot_hooks_after" ]; then
        _boot_erts_configure supervised _boot_foreground_supervise "$@"
    else
        _boot_erts_configure foreground _boot_erts_exec "$@"
    fi
}

_boot_foreground_supervise() {
    _boot_foreground_vm=
    _boot_foreground_stopping=
    _boot_foreground_stopper=
    trap _boot_foreground_stop HUP INT TERM
    # A shell gives a background process no standard input of its own accord.
    exec 3<&0
    # No "( )": with a redirection yash would make two processes of it, and signal the outer one.
    _boot_erts_exec <&3 3<&- &
    _boot_foreground_vm=$!
    exec 3<&-
    # A signal from before there was a process to stop.
    [ -z "$_boot_foreground_stopping" ] || _boot_foreground_stop_vm
    _boot_foreground_ready
    _boot_foreground_wait "$_boot_foreground_vm"
    [ -n "$_boot_foreground_stopping" ] || return "$_boot_foreground_result"
    _boot_foreground_end "$_boot_foreground_result"
}

# on HUP, INT, TERM: no more than to begin, so that no signal gets lost between a look and a wait
_boot_foreground_stop() {
    _boot_foreground_interrupted=yes
    [ -z "$_boot_foreground_stopping" ] || return 0
    _boot_foreground_stopping=yes
    [ -z "$_boot_foreground_vm" ] || _boot_foreground_stop_vm
}

# begins a process that runs pre_stop and then tells the VM
_boot_foreground_stop_vm() {
    [ -z "$_boot_foreground_stopper" ] || return 0
    _boot_foreground_stopper=none
    _boot_foreground_stopper &
    _boot_foreground_stopper=$!
}

# pre_stop, then SIGTERM, again for a while as a VM that is still booting loses it; its status is that of pre_stop.
# The parent sends SIGTERM here once the VM has ended.
_boot_foreground_stopper() {
    _boot_foreground_ended=
    trap '_boot_foreground_ended=yes' TERM
    _boot_hooks_binding=
    (_boot_hooks_apart pre_stop)
    set -- "$?"
    for _boot_foreground_pause in 1 2 4 8 16; do
        [ -z "$_boot_foreground_ended" ] || break
        kill -TERM "$_boot_foreground_vm" 2>/dev/null || break
        sleep "$_boot_foreground_pause" &
        wait "$!"
    done
    return "$1"
}

# STATUS: of the stopped VM: post_stop, and what the whole comes to
_boot_foreground_end() {
    kill -TERM "$_boot_foreground_stopper" 2>/dev/null
    _boot_foreground_wait "$_boot_foreground_stopper"
    [ "$_boot_foreground_result" -ne 6 ] || _boot_hooks_post_failed=yes
    _boot_hooks_apart post_stop &
    _boot_foreground_wait "$!"
    [ "$_boot_foreground_result" -ne 6 ] || _boot_hooks_post_failed=yes
    # Our signal, from before the VM knew what to do on it: 143 as shells count, or 271, or 399.
    case $1 in
    143 | 271 | 399) return 0 ;;
    esac
    return "$1"
}

# PID: waits for its end, over signals that interrupt; its status is in _boot_foreground_result
_boot_foreground_wait() {
    _boot_foreground_result=
    while :; do
        _boot_foreground_interrupted=
        wait "$1"
        set -- "$1" "$?"
        case $2:$_boot_foreground_interrupted${KSH_VERSION:+:ksh} in
        # bash, where a signal met the end: the status is lost, or comes in the next round
        -*)
            _boot_foreground_result=143
            kill -0 "$1" 2>/dev/null || return 0
            continue
            ;;
        # the signal's, as shells count (ksh93: 1)
        129:yes* | 130:yes* | 143:yes* | 257:yes* | 258:yes* | 271:yes* | 385:yes* | 386:yes* | 399:yes* | 1:yes:ksh)
            _boot_foreground_result=143
            continue
            ;;
        # told already in the round before, or lost to its signal
        127:*) [ -z "$_boot_foreground_result" ] || return 0 ;;
        # The child's if it comes twice: bash may name a signal whose trap has run already.
        129:* | 130:* | 143:* | 257:* | 258:* | 271:* | 385:* | 386:* | 399:*)
            if [ "$2" != "$_boot_foreground_result" ] || kill -0 "$1" 2>/dev/null; then
                _boot_foreground_result=$2
                continue
            fi
            ;;
        esac
        _boot_foreground_result=$2
        [ -n "$_boot_foreground_interrupted" ] || return 0
    done
}

# post_start, once the node has booted
_boot_foreground_ready() {
    [ -n "$_boot_helper" ] || return 0
    "$_boot_helper" wait --timeout "$_boot_start_timeout" &
    _boot_foreground_child "$!"
    [ "$_boot_foreground_result" = 0 ] || return 0
    _boot_hooks_apart post_start &
    _boot_foreground_child "$!"
    [ "$_boot_foreground_result" != 6 ] || _boot_hooks_post_failed=yes
}

# PID: waits for it unless there is something to stop; _boot_foreground_result is its status, or "stopped"
_boot_foreground_child() {
    if [ -z "$_boot_foreground_stopping" ]; then
        wait "$1"
        _boot_foreground_result=$?
    fi
    [ -n "$_boot_foreground_stopping" ] || return 0
    _boot_foreground_result=stopped
    # "$!" may be the one that the signal began.
    [ "$1" = "$_boot_foreground_stopper" ] || kill "$1" 2>/dev/null
}
