# shellcheck shell=sh
# erts: renders what the VM starts with (the step "configure") and starts it.

# shellcheck disable=SC2154 # the files of a kit share variables

# MODE CONTINUATION [ARG...]: pre_configure, rendering, post_configure, then CONTINUATION; ARGs are the VM's.
# The continuation is called by name so that the core can go on with it when a hook ends the shell.
_boot_erts_configure() {
    _boot_core_continue=$2
    _boot_erts_mode=$1
    shift 2
    _boot_hooks_phase pre_configure
    _boot_erts_running=
    _boot_erts_prepare "$@"
    case $_boot_erts_running:$_boot_erts_mode in
    :*) ;;
    *:background)
        boot_info "$RELEASE_NAME is already running (pid $_boot_erts_running)"
        return 0
        ;;
    *) boot_die "$RELEASE_NAME is already running (pid $_boot_erts_running)" "$_boot_prog stop" ;;
    esac
    _boot_hooks_phase post_configure
    if [ -n "$_boot_hooks_post_failed" ]; then
        # A new shell goes on: ksh93 is in a bad way behind a hook with a syntax error.
        trap - EXIT
        _boot_core_go_on post_configure "$((_boot_hooks_n + 1))" 0
    fi
    "$_boot_core_continue"
}

# [ARG...]: one process: host facts, template, node name, cookie, files in the state directory
_boot_erts_prepare() {
    if [ -n "$_boot_helper" ]; then
        _boot_erts_ansi=
        if [ -t 1 ] && [ -t 2 ] && [ -z "${NO_COLOR:-}" ]; then
            _boot_erts_ansi=--ansi
        fi
        _boot_erts_out=$(_boot_erts_render "--mode=$_boot_erts_mode" "$@")
        _boot_erts_status=$?
        case $_boot_erts_out in
        *_boot_erts_prepared=yes*)
            [ "$_boot_erts_status" -eq 0 ] || exit "$_boot_erts_status"
            eval "$_boot_erts_out"
            return 0
            ;;
        esac
        # By abort, kill, ...: it does run here. Shells count signals from 128, 256 or 384 on.
        case $_boot_erts_status in
        13[4-9] | 143 | 26[2-7] | 271 | 39[0-5] | 399)
            boot_die "$_boot_helper was ended by a signal (status $_boot_erts_status)" \
                "is there enough memory? nothing was started"
            ;;
        esac
        boot_warn "$_boot_helper does not run on this machine (status $_boot_erts_status)"
        _boot_helper=
    fi
    # shellcheck source=/dev/null
    . "$BOOT_DIR/plain.sh"
    _boot_plain_prepare "$@"
}

# WHAT [ARG...]: takes the place of this process with the helper, for WHAT is --mode=MODE or --print
_boot_erts_render() {
    _boot_erts_what=$1
    shift
    exec "$_boot_helper" prepare "$_boot_erts_what" ${_boot_erts_ansi:+"$_boot_erts_ansi"} --kind "$_boot_kind" \
        --template "$_boot_template" --erts "$_boot_erts_vsn" --sizing "${BOOT_SIZING:-$_boot_sizing}" \
        ${_boot_flags:+--flags "$_boot_flags"} ${_boot_crash_dumps:+--crash-dumps "$_boot_crash_dumps"} ${_boot_erts_option:+"$_boot_erts_option"} -- "$@"
}

# [OPTION...]: takes the place of this process with the helper as the VM's parent
_boot_erts_supervise() {
    [ -n "$_boot_stop_kill" ] || set -- --no-kill "$@"
    [ -z "$_boot_stop_dump" ] || set -- --dump "$@"
    # The VM is no job of the terminal's: "stty tostop" would stop it when it writes there.
    trap '' TTIN TTOU
    set -- "$_boot_helper" supervise --start "$_boot_start_timeout" --stop "$_boot_stop_timeout" "$@" -- \
        "$BINDIR/erlexec" -args_file "$BOOT_VM_ARGS"
    eval "set -- \"\$@\" ${_boot_extra:+-extra $_boot_extra}"
    exec "$@"
}

# takes the place of this process with the VM; its pid and start time stay those of this process
_boot_erts_exec() {
    # As arguments: to an "-extra" in a file erlexec adds a "--" for the application to see.
    eval "set -- ${_boot_extra:-}"
    [ $# -eq 0 ] || set -- -extra "$@"
    if [ -n "${_boot_launch:-}" ]; then
        # A VM in the background leaves the lock to the command that waits for it.
        _boot_erts_unlock=--unlock
        [ "${_boot_erts_mode:-background}" != background ] || _boot_erts_unlock=
        exec "$BOOT_DIR/relboot-helper" launch ${_boot_erts_unlock:+"$_boot_erts_unlock"} -- \
            "$BINDIR/erlexec" -args_file "$BOOT_VM_ARGS" "$@"
    fi
    _boot_erts_note_pid
    HOME=$BOOT_COOKIE_HOME
    export HOME
    [ -z "${_boot_umask:-}" ] || umask "$_boot_umask"
    unset _boot_extra _boot_start_limit _boot_umask
    exec "$BINDIR/erlexec" -args_file "$BOOT_VM_ARGS" "$@"
}

# takes the place of this process with a VM beside the node: its whole command line is in _boot_extra, what its
# environment alone has in _boot_erts_env
# shellcheck disable=SC2120 # its words are not the caller's
_boot_erts_exec_beside() {
    eval "set -- $_boot_extra"
    unset _boot_extra
    eval "${_boot_erts_env:-}"
    unset _boot_erts_env
    exec "$BINDIR/erlexec" "$@"
}

# the same, as a command's last step: in a subshell when hooks come after it
# shellcheck disable=SC2119 # as above
_boot_erts_beside() {
    [ -n "$_boot_hooks_after" ] || _boot_erts_exec_beside
    # ctrl-C is for the VM alone.
    trap : INT
    (_boot_erts_exec_beside)
}

# without the helper: writes "PID START" to the state directory: START, in ticks since boot, tells a reused pid
_boot_erts_note_pid() {
    _boot_erts_stat=
    # shellcheck disable=SC2162 # one line of numbers
    [ ! -r /proc/self/stat ] || read -r _boot_erts_stat </proc/self/stat || :
    _boot_erts_pid=${_boot_erts_stat%% *}
    # The program's name in brackets may hold anything, so count from behind it.
    # shellcheck disable=SC2086 # fields, to be split
    set -- ${_boot_erts_stat##*") "}
    echo "${_boot_erts_pid:-$$} ${20:-0}" >"$BOOT_STATE_DIR/pid"
}

# starts the VM in the background; its output goes to the log directory
_boot_erts_background() {
    if [ -x "$BINDIR/run_erl" ] || [ -n "$_boot_helper" ]; then
        # The helper knows it without a process of its own.
        _boot_umask=$(umask)
        export _boot_umask
        umask 077
    fi
    if [ -x "$BINDIR/run_erl" ]; then
        # shellcheck disable=SC2119 # nobody is to call it
        _boot_erts_run_erl
        return
    fi
    # No "( )": with a redirection yash would make two processes of it, and the outer one would stay.
    if [ -n "$_boot_helper" ]; then
        _boot_erts_supervise --log-files "$_boot_log_files" --log-bytes "$_boot_log_bytes" </dev/null \
            >>"$BOOT_LOG_DIR/erlang.log.1" 2>&1 &
        return
    fi
    _boot_erts_exec </dev/null >>"$BOOT_LOG_DIR/erlang.log.1" 2>&1 &
}

# [COMMAND...]: calls COMMAND, or nobody, with the line that starts the VM behind run_erl
# shellcheck disable=SC2120 # start.sh has words for it
_boot_erts_run_erl() {
    RUN_ERL_DISABLE_FLOWCNTRL=${RUN_ERL_DISABLE_FLOWCNTRL:-1}
    # One of its numbers is free at any time.
    RUN_ERL_LOG_GENERATIONS=${RUN_ERL_LOG_GENERATIONS:-$((_boot_log_files + 1))}
    RUN_ERL_LOG_MAXSIZE=${RUN_ERL_LOG_MAXSIZE:-$_boot_log_bytes}
    export RUN_ERL_DISABLE_FLOWCNTRL RUN_ERL_LOG_GENERATIONS RUN_ERL_LOG_MAXSIZE
    # run_erl gives its last argument to a shell: constant text, so that no value becomes code.
    # shellcheck disable=SC2016 # for that shell to expand
    "$@" "$BINDIR/run_erl" -daemon "$BOOT_STATE_DIR/pipe/" "$BOOT_LOG_DIR" '. "$BOOT_DIR/erts.sh"; _boot_erts_exec'
}
