# shellcheck shell=sh
# plain: starts and stops the node without the helper: plain vm.args, no host facts, no distribution.

# shellcheck disable=SC2154 # the files of a kit share variables

# [ARG...]: what the helper's "prepare" does, as far as shell can
_boot_plain_prepare() {
    case $_boot_erts_mode in
    background | foreground | supervised | console) ;;
    *) boot_die "$BOOT_COMMAND needs the helper" "write the kit again: relboot generate" 4 ;;
    esac
    _boot_plain_dir=$RELEASE_ROOT/releases/$RELEASE_VSN
    boot_warn "the helper is missing: vm.args is used as it stands, and start cannot tell when the node has booted" \
        "write the kit again: relboot generate"
    [ -z "$_boot_template" ] || boot_warn "$_boot_plain_dir/$_boot_template is not rendered"
    if _boot_plain_alive; then
        _boot_erts_running=$_boot_plain_pid
        return 0
    fi
    BINDIR=$RELEASE_ROOT/erts-$_boot_erts_vsn/bin
    [ -x "$BINDIR/erlexec" ] ||
        boot_die "$BINDIR/erlexec is not there" "without the helper a release has to hold its own erts"
    ROOTDIR=$RELEASE_ROOT EMU=beam PROGNAME=erl
    _boot_extra= # they are in the file
    BOOT_VM_ARGS=$BOOT_STATE_DIR/vm.args
    BOOT_COOKIE_HOME=$BOOT_STATE_DIR/cookie
    RELEASE_VM_ARGS=${RELEASE_VM_ARGS:-$_boot_plain_dir/vm.args}
    RELEASE_SYS_CONFIG=${RELEASE_SYS_CONFIG:-$_boot_plain_dir/sys}
    export BINDIR ROOTDIR EMU PROGNAME _boot_extra BOOT_VM_ARGS BOOT_COOKIE_HOME RELEASE_VM_ARGS RELEASE_SYS_CONFIG
    (
        umask 077
        mkdir -p "$BOOT_COOKIE_HOME" "$BOOT_STATE_DIR/pipe" "$BOOT_LOG_DIR" &&
            rm -f "$BOOT_STATE_DIR/pid" "$BOOT_COOKIE_HOME/.erlang.cookie" &&
            _boot_plain_cookie >"$BOOT_COOKIE_HOME/.erlang.cookie" &&
            chmod 400 "$BOOT_COOKIE_HOME/.erlang.cookie" &&
            _boot_plain_args "$@" >"$BOOT_VM_ARGS"
    ) || boot_die "cannot write to $BOOT_STATE_DIR" "set BOOT_STATE_DIR to a directory that you can write"
}

# the cookie, from where the helper would look first
_boot_plain_cookie() {
    _boot_plain_line=${RELEASE_COOKIE:-}
    for _boot_plain_file in "${RELEASE_COOKIE_FILE:-}" "$RELEASE_ROOT/releases/COOKIE" "${HOME:-/nonexistent}/.erlang.cookie"; do
        [ -z "$_boot_plain_line" ] || break
        [ ! -r "$_boot_plain_file" ] || read -r _boot_plain_line <"$_boot_plain_file" || :
    done
    # Without one the node makes its own; a file with no cookie in it would be an error.
    printf '%s' "${_boot_plain_line:-nocookie}"
}

# [ARG...]: the text of the args file
_boot_plain_args() {
    printf '%s ' -mode "$RELEASE_MODE" -boot
    _boot_plain_quote "$_boot_plain_dir/$RELEASE_BOOT_SCRIPT"
    printf '%s ' -boot_var RELEASE_LIB
    _boot_plain_quote "$RELEASE_ROOT/lib"
    if [ -r "$RELEASE_SYS_CONFIG.config" ]; then
        printf '%s ' -config
        _boot_plain_quote "$RELEASE_SYS_CONFIG"
    fi
    printf '%s ' -env HOME
    _boot_plain_quote "${HOME:-$BOOT_STATE_DIR}"
    case $_boot_kind:${RELEASE_DISTRIBUTION:-sname} in
    mix:none) ;;
    mix:*) printf '%s\n' "-${RELEASE_DISTRIBUTION:-sname} ${RELEASE_NODE:-$RELEASE_NAME}" ;;
    esac
    case $_boot_erts_mode:$_boot_kind in
    console:mix) printf '%s\n' '-noshell -user Elixir.IEx.CLI' ;;
    *:mix) printf '%s\n' '-noshell -s elixir start_cli' ;;
    foreground:* | supervised:*) printf '%s\n' '-noinput' ;;
    esac
    [ ! -r "$RELEASE_VM_ARGS" ] || cat "$RELEASE_VM_ARGS"
    printf '\n'
    case $_boot_erts_mode:$_boot_kind in
    console:mix) printf '%s\n' '-extra --no-halt +iex' ;;
    *:mix) printf '%s\n' '-extra --no-halt' ;;
    *) printf '%s\n' '--' ;;
    esac
    for _boot_plain_arg in "$@"; do
        _boot_plain_quote "$_boot_plain_arg"
    done
}

# WORD: a line that erlexec reads back as WORD
_boot_plain_quote() {
    _boot_plain_rest=$1
    printf "'"
    while :; do
        case $_boot_plain_rest in
        *"'"*)
            printf "%s'\\\\''" "${_boot_plain_rest%%"'"*}"
            _boot_plain_rest=${_boot_plain_rest#*"'"}
            ;;
        *) break ;;
        esac
    done
    printf "%s'\n" "$_boot_plain_rest"
}

# whether the recorded process lives; its number is in _boot_plain_pid
_boot_plain_alive() {
    _boot_plain_pid=
    _boot_plain_start=
    # No pipe, which would hold it up.
    [ -f "$BOOT_STATE_DIR/pid" ] && [ -r "$BOOT_STATE_DIR/pid" ] || return 1
    read -r _boot_plain_pid _boot_plain_start <"$BOOT_STATE_DIR/pid" || :
    [ -n "$_boot_plain_pid" ] && _boot_core_is_alive "$_boot_plain_pid" "$_boot_plain_start"
}

# [OPTION...]: "stop" by signals
_boot_plain_stop() {
    _boot_plain_limit=$_boot_stop_timeout
    _boot_plain_kill=$_boot_stop_kill # yes, now, or nothing
    _boot_plain_dump=${_boot_stop_kill:+$_boot_stop_dump}
    while [ $# -gt 0 ]; do
        case $1 in
        --timeout=*) _boot_plain_limit=${1#*=} ;;
        --timeout)
            _boot_plain_limit=${2:-}
            [ $# -eq 1 ] || shift
            ;;
        --kill) _boot_plain_kill=now _boot_plain_dump= ;;
        --no-kill) _boot_plain_kill='' _boot_plain_dump='' ;;
        --dump) _boot_plain_dump=yes _boot_plain_kill=${_boot_plain_kill:-yes} ;;
        --no-dump) _boot_plain_dump= ;;
        *) boot_die "stop takes no argument \"$1\"" "$_boot_prog help stop" 2 ;;
        esac
        shift
    done
    case $_boot_plain_limit in
    '' | *[!0-9]* | 0* | ??????*) boot_die "--timeout takes 1 to 86400 seconds, not \"$_boot_plain_limit\"" \
        "$_boot_prog help stop" 2 ;;
    esac
    if ! _boot_plain_alive; then
        boot_info "$RELEASE_NAME is not running"
        return 0
    fi
    _boot_plain_bring_down
    set -- "$?"
    _boot_plain_alive || rm -f "$BOOT_STATE_DIR/pid" "$BOOT_STATE_DIR/node"
    return "$1"
}

# the way down: asked, then forced
_boot_plain_bring_down() {
    _boot_plain_late="$RELEASE_NAME (pid $_boot_plain_pid)"
    if [ "$_boot_plain_kill" != now ]; then
        _boot_plain_signal TERM "$_boot_plain_limit" again
        set -- "$?"
        [ "$1" -eq 7 ] || return "$1"
        if [ -z "$_boot_plain_kill" ]; then
            boot_warn "$_boot_plain_late is still running after $_boot_plain_limit s" "$_boot_prog stop --kill ends it"
            return 7
        fi
        _boot_plain_late="$_boot_plain_late has not stopped within $_boot_plain_limit s"
    fi
    if [ -n "$_boot_plain_dump" ]; then
        boot_warn "$_boot_plain_late: sending SIGUSR1, for a crash dump"
        _boot_plain_signal USR1 30 || :
    fi
    if _boot_plain_alive; then
        [ "$_boot_plain_kill" = now ] || boot_warn "$_boot_plain_late: sending SIGKILL"
        _boot_plain_signal KILL 10 || return
    fi
    [ "$_boot_plain_kill" = now ] || return 7
}

# SIGNAL SECONDS [again]: sends it, and waits for the end; a node that is still booting loses it, so "again" sends it
# again after 1, 3, 7, 15... s. One that a signal has stopped goes on. Status 0, 4 may not, or 7.
_boot_plain_signal() {
    if ! kill "-$1" "$_boot_plain_pid"; then
        ! _boot_plain_alive || return 4
        return 0
    fi
    kill -CONT "$_boot_plain_pid" 2>/dev/null
    _boot_plain_passed=0
    _boot_plain_next=1
    while _boot_plain_alive; do
        [ "$_boot_plain_passed" -lt "$2" ] || return 7
        if [ "${3:-}:$_boot_plain_passed" = "again:$_boot_plain_next" ]; then
            _boot_plain_next=$((2 * _boot_plain_next + 1))
            kill "-$1" "$_boot_plain_pid" 2>/dev/null
            kill -CONT "$_boot_plain_pid" 2>/dev/null
        fi
        _boot_plain_passed=$((_boot_plain_passed + 1))
        sleep 1
    done
}

# the parent of a node in the foreground, where hooks come after its start; post_start can't: nobody knows when it has booted
_boot_plain_supervise() {
    _boot_plain_vm=
    _boot_plain_leaving=
    _boot_plain_ender=
    # shellcheck source=/dev/null
    . "$BOOT_DIR/phase.sh"
    trap _boot_plain_on_signal HUP INT TERM
    # A shell gives a background process no standard input of its own accord.
    exec 3<&0
    # No "( )": with a redirection yash would make two processes of it, and signal the outer one.
    _boot_erts_exec <&3 3<&- &
    _boot_plain_vm=$!
    exec 3<&-
    # A signal from before there was a process to stop.
    [ -z "$_boot_plain_leaving" ] || _boot_plain_end_vm
    _boot_plain_wait "$_boot_plain_vm"
    [ -n "$_boot_plain_leaving" ] || return "$_boot_plain_result"
    _boot_plain_end "$_boot_plain_result"
}

# on HUP, INT, TERM: no more than to begin, so that no signal gets lost between a look and a wait
_boot_plain_on_signal() {
    _boot_plain_interrupted=yes
    [ -z "$_boot_plain_leaving" ] || return 0
    _boot_plain_leaving=yes
    [ -z "$_boot_plain_vm" ] || _boot_plain_end_vm
}

# begins a process that runs pre_stop and then tells the VM
_boot_plain_end_vm() {
    [ -z "$_boot_plain_ender" ] || return 0
    _boot_plain_ender=none
    _boot_plain_ender &
    _boot_plain_ender=$!
}

# pre_stop, then SIGTERM, again for a while as a VM that is still booting loses it; its status is that of pre_stop.
# The parent sends SIGTERM here once the VM has ended.
_boot_plain_ender() {
    _boot_plain_ended=
    trap '_boot_plain_ended=yes' TERM
    _boot_hooks_binding=
    (_boot_phase_apart pre_stop)
    set -- "$?"
    for _boot_plain_pause in 1 2 4 8 16; do
        [ -z "$_boot_plain_ended" ] || break
        kill -TERM "$_boot_plain_vm" 2>/dev/null || break
        sleep "$_boot_plain_pause" &
        wait "$!"
    done
    return "$1"
}

# STATUS: of the stopped VM: post_stop, and what the whole comes to
_boot_plain_end() {
    kill -TERM "$_boot_plain_ender" 2>/dev/null
    _boot_plain_wait "$_boot_plain_ender"
    [ "$_boot_plain_result" -ne 6 ] || _boot_hooks_post_failed=yes
    _boot_phase_apart post_stop &
    _boot_plain_wait "$!"
    [ "$_boot_plain_result" -ne 6 ] || _boot_hooks_post_failed=yes
    # Our signal, from before the VM knew what to do on it: 143 as shells count, or 271, or 399.
    case $1 in
    143 | 271 | 399) return 0 ;;
    esac
    return "$1"
}

# PID: waits for its end, over signals that interrupt; its status is in _boot_plain_result
_boot_plain_wait() {
    _boot_plain_result=
    while :; do
        _boot_plain_interrupted=
        wait "$1"
        set -- "$1" "$?"
        case $2:$_boot_plain_interrupted${KSH_VERSION:+:ksh} in
        # bash, where a signal met the end: the status is lost, or comes in the next round
        -*)
            _boot_plain_result=143
            kill -0 "$1" 2>/dev/null || return 0
            continue
            ;;
        # the signal's, as shells count (ksh93: 1)
        129:yes* | 130:yes* | 143:yes* | 257:yes* | 258:yes* | 271:yes* | 385:yes* | 386:yes* | 399:yes* | 1:yes:ksh)
            _boot_plain_result=143
            continue
            ;;
        # told already in the round before, or lost to its signal
        127:*) [ -z "$_boot_plain_result" ] || return 0 ;;
        # The child's if it comes twice: bash may name a signal whose trap has run already.
        129:* | 130:* | 143:* | 257:* | 258:* | 271:* | 385:* | 386:* | 399:*)
            if [ "$2" != "$_boot_plain_result" ] || kill -0 "$1" 2>/dev/null; then
                _boot_plain_result=$2
                continue
            fi
            ;;
        esac
        _boot_plain_result=$2
        [ -n "$_boot_plain_interrupted" ] || return 0
    done
}
