# shellcheck shell=sh
# core: finds the command, sets the environment, runs the hooks around the command, ends with its status.

# shellcheck disable=SC2154 # the files of a kit share variables

# COMMAND [ARG...]: what bin/NAME does
_boot_core_main() {
    _boot_core_dir=$BOOT_DIR
    _boot_core_load
    if [ -n "${_boot_user:-}" ]; then
        # shellcheck source=/dev/null
        . "$BOOT_DIR/become.sh"
        _boot_become_user "$@"
    fi
    _boot_core_command "$@"
    [ $# -eq 0 ] || shift
    _boot_core_environment
    # shellcheck source=/dev/null
    . "$BOOT_DIR/commands/$BOOT_COMMAND.sh"
    if [ -n "${_boot_core_locks:-}" ]; then
        case ${1:-} in
        --wait)
            [ $# -gt 1 ] || boot_die "--wait needs a number of seconds" "$_boot_prog help $BOOT_COMMAND" 2
            _boot_core_wait=$2
            shift 2
            ;;
        --wait=*)
            _boot_core_wait=${1#*=}
            shift
            ;;
        *) _boot_core_wait=${_boot_core_patience:-0} ;;
        esac
    fi
    [ -z "${_boot_core_targets:-}" ] || _boot_core_target "$@"
    _boot_hooks_find
    _boot_core_traps
    if [ "$_boot_hooks_n" -gt 0 ]; then
        # shellcheck disable=SC2086 # names of phases: to be split
        _boot_hooks_check "pre_$BOOT_COMMAND" "post_$BOOT_COMMAND" "failed_$BOOT_COMMAND" failed ${_boot_core_phases:-}
        if [ -n "$_boot_hooks_within" ]; then
            # shellcheck source=/dev/null
            . "$BOOT_DIR/within.sh"
            # shellcheck disable=SC2086 # as above
            _boot_within_refuse $_boot_hooks_have
        fi
    fi
    [ -z "${_boot_core_locks:-}" ] || [ -z "$_boot_helper" ] || _boot_core_lock
    [ "$_boot_hooks_n" -eq 0 ] || _boot_hooks_phase "pre_$BOOT_COMMAND"
    boot_command "$@"
    _boot_core_end "$?"
}

_boot_core_load() {
    _boot_core_signal= # the one that has ended the shell
    # zsh ends without its EXIT trap where a special builtin fails, such as "." in a hook, unless told not to.
    [ -z "${ZSH_VERSION:-}" ] || unsetopt posix_builtins 2>/dev/null || :
    # shellcheck source=/dev/null
    . "$_boot_core_dir/settings.sh"
    # shellcheck source=/dev/null
    . "$_boot_core_dir/api.sh"
    # shellcheck source=/dev/null
    . "$_boot_core_dir/hooks.sh"
    _boot_helper=$_boot_core_dir/relboot-helper
    [ -x "$_boot_helper" ] || _boot_helper=
}

# [COMMAND [ARG...]]: sets BOOT_COMMAND; aliases, and --help anywhere right after a command
_boot_core_command() {
    RELEASE_COMMAND=${1:-help}
    case $RELEASE_COMMAND in
    daemon) BOOT_COMMAND=start ;;
    daemon_attach) BOOT_COMMAND=attach ;;
    remote_console | remsh) BOOT_COMMAND=remote ;;
    -h | --help) BOOT_COMMAND=help ;;
    -V | --version) BOOT_COMMAND=version ;;
    *[!a-z0-9_]*) BOOT_COMMAND= ;;
    *) BOOT_COMMAND=$RELEASE_COMMAND ;;
    esac
    case $BOOT_COMMAND:${2:-} in
    start:--foreground) BOOT_COMMAND=foreground ;;
    *:--help | *:-h) _boot_core_help=$BOOT_COMMAND BOOT_COMMAND=help ;;
    esac
    if [ -z "$BOOT_COMMAND" ] || ! boot_command_exists "$BOOT_COMMAND"; then
        boot_die "unknown command \"$RELEASE_COMMAND\"" "$_boot_prog help lists the commands" 2
    fi
    # The words that mix release made known, for env.sh files and runtime.exs written for them.
    case $_boot_kind:$BOOT_COMMAND in
    mix:start) RELEASE_COMMAND=daemon ;;
    mix:foreground) RELEASE_COMMAND=start ;;
    mix:console) RELEASE_COMMAND=start_iex ;;
    *) RELEASE_COMMAND=$BOOT_COMMAND ;;
    esac
}

# [ARG...]: sets BOOT_TARGET_VSN, for the hooks too: the argument that is no option, of a command about a version
_boot_core_target() {
    BOOT_TARGET_VSN=
    while [ $# -gt 0 ]; do
        case $1 in
        --timeout) [ $# -eq 1 ] || shift ;;
        -*) ;;
        *) BOOT_TARGET_VSN=$1 ;;
        esac
        shift
    done
    export BOOT_TARGET_VSN
}

_boot_core_environment() {
    BOOT_API=1
    RELEASE_PROG=${RELEASE_PROG:-${_boot_prog##*/}}
    BOOT_PROG=$_boot_prog # as typed: messages name lines to type
    export BOOT_API BOOT_COMMAND BOOT_DIR BOOT_PROG
    export RELEASE_ROOT RELEASE_NAME RELEASE_VSN RELEASE_COMMAND RELEASE_PROG
    _boot_core_env_files
    # shellcheck source=/dev/null
    . "$_boot_core_dir/state.sh"
    if [ -n "${BOOT_STATE_DIR:-}" ]; then
        _boot_state_absolute
    else
        _boot_state_find
    fi
    BOOT_LOG_DIR=${BOOT_LOG_DIR:-${RUNNER_LOG_DIR:-$BOOT_STATE_DIR/log}}
    RELEASE_TMP=${RELEASE_TMP:-${BOOT_STATE_DIR%/*}}
    RELEASE_MODE=${RELEASE_MODE:-${CODE_LOADING_MODE:-embedded}}
    RELEASE_BOOT_SCRIPT=${RELEASE_BOOT_SCRIPT:-start}
    RELEASE_BOOT_SCRIPT_CLEAN=${RELEASE_BOOT_SCRIPT_CLEAN:-start_clean}
    export BOOT_STATE_DIR BOOT_LOG_DIR RELEASE_TMP RELEASE_MODE RELEASE_BOOT_SCRIPT RELEASE_BOOT_SCRIPT_CLEAN
    [ -z "${RELEASE_NODE:-}" ] || export RELEASE_NODE
    [ -z "${RELEASE_COOKIE:-}" ] || export RELEASE_COOKIE
    [ -z "${RELEASE_DISTRIBUTION:-}" ] || export RELEASE_DISTRIBUTION
    [ -z "${BOOT_VM_CHECK:-}" ] || export BOOT_VM_CHECK
}

# The release's own settings, and those of a release made by mix. Files that say nothing, as both are at first, cost
# no process.
_boot_core_env_files() {
    set --
    ! _boot_core_says "$BOOT_DIR/env.sh" || set -- "$BOOT_DIR/env.sh"
    if [ "$_boot_kind" = mix ] && _boot_core_says "$RELEASE_ROOT/releases/$RELEASE_VSN/env.sh"; then
        set -- "$@" "$RELEASE_ROOT/releases/$RELEASE_VSN/env.sh"
    fi
    [ $# -gt 0 ] || return 0
    _boot_hooks_trust "$@"
    # That was not about hooks, and the files may change the umask.
    _boot_hooks_special='*'
    _boot_hooks_umask=
    for _boot_core_file in "$@"; do
        # shellcheck source=/dev/null
        . "$_boot_core_file"
    done
}

# FILE: whether it can be read, and holds more than comments
_boot_core_says() {
    [ -r "$1" ] || return 1
    while IFS= read -r _boot_core_line || [ -n "$_boot_core_line" ]; do
        case $_boot_core_line in
        '' | '#'*) ;;
        *) return 0 ;;
        esac
    done <"$1"
    return 1
}

# ARG...: the helper as a step on the way
_boot_core_helper() {
    _boot_core_need_helper
    "$_boot_helper" "$@"
}

# ARG...: the helper as a command's last step: takes the shell's place unless hooks come after it
_boot_core_last() {
    _boot_core_need_helper
    if [ -n "$_boot_hooks_after" ]; then
        "$_boot_helper" "$@"
        return
    fi
    exec "$_boot_helper" "$@"
}

_boot_core_need_helper() {
    [ -n "$_boot_helper" ] ||
        boot_die "$BOOT_DIR/relboot-helper is missing or not executable" \
            "write the kit again (relboot generate); start, foreground and stop work without it" 4
}

# [ARG...]: of a command that takes none
_boot_core_no_arguments() {
    [ $# -eq 0 ] || boot_die "$BOOT_COMMAND takes no argument \"$1\"" "$_boot_prog help $BOOT_COMMAND" 2
}

# one writer per instance: the lock is this process's until it ends, or becomes the VM
_boot_core_lock() {
    case $_boot_core_locks:$_boot_hooks_have in
    yes:'*' | yes:)
        # No hook stands before the first subcommand that needs it: that one takes it, and saves a process.
        _boot_lock="$BOOT_COMMAND $$ ${_boot_user:-} $_boot_core_wait"
        export _boot_lock
        return 0
        ;;
    esac
    _boot_core_locked=$("$_boot_helper" lock --command "$BOOT_COMMAND" --holder "$$" --wait "$_boot_core_wait" \
        --user "${_boot_user:-}")
    _boot_core_status=$?
    if [ "$_boot_core_status" -eq 0 ]; then
        eval "$_boot_core_locked"
    else
        # start, foreground and stop go on without it.
        _boot_core_lacks_helper "$_boot_core_status" || exit "$_boot_core_status"
    fi
}

# STATUS: whether the helper has ended so because it does not run on this machine; then it is as good as missing.
# BusyBox takes it for a script with a mistake in it, mksh has a status of its own.
_boot_core_lacks_helper() {
    case $1 in
    126 | 127) ;;
    1 | 2) [ -z "$("$_boot_helper" --version 2>/dev/null)" ] || return 1 ;;
    *) return 1 ;;
    esac
    boot_warn "$_boot_helper does not run on this machine (status $1)"
    _boot_helper=
}

# VERSION: its plugins take over for what comes after an upgrade or downgrade. The rest of this run goes on with
# the kit that began it: another relboot may have made the other one.
_boot_core_take_over() {
    RELEASE_VSN=$1
    BOOT_DIR=$RELEASE_ROOT/releases/$1/boot
    _boot_hooks_find
    _boot_hooks_refusal=6
    _boot_hooks_check "post_$BOOT_COMMAND" "failed_$BOOT_COMMAND" failed
}

# PID START: whether that process lives: numbers come again, so START, in ticks since boot, is compared. Sets
# _boot_core_since to when the one that has the number now began, 0 where there is no /proc to tell.
_boot_core_is_alive() {
    _boot_core_since=0
    _boot_core_stat=
    [ -r "/proc/$1/stat" ] || return 1
    # It may end right now.
    { read -r _boot_core_stat <"/proc/$1/stat"; } 2>/dev/null || return 1
    # The program's name in brackets may hold anything, so count from behind it.
    # shellcheck disable=SC2086 # fields, to be split
    set -- "$2" ${_boot_core_stat##*") "}
    _boot_core_since=${21:-0}
    [ "$_boot_core_since" = "$1" ] || return 1
    # A first thread that is a zombie among others that still end is no end yet.
    [ "$2" != Z ] || [ "${19}" -gt 1 ]
}

_boot_core_traps() {
    trap '_boot_core_exit "$?"' EXIT
    trap '_boot_core_signal=HUP; exit 129' HUP
    trap '_boot_core_signal=INT; exit 130' INT
    trap '_boot_core_signal=TERM; exit 143' TERM
}

# STATUS: the EXIT trap: a hook, boot_die or a signal has ended the shell before the command's end
_boot_core_exit() {
    trap - EXIT HUP INT TERM
    _boot_core_ended=$1
    if [ -n "$_boot_hooks_sourcing" ]; then
        _boot_hooks_ended_shell "$1"
    elif [ "$1" -eq 0 ]; then
        _boot_core_go_on "post_$BOOT_COMMAND" 1 0
    elif [ "$1" -ne 6 ]; then
        _boot_core_go_on "failed_$BOOT_COMMAND" 1 "$1"
    fi
    exit "$_boot_core_ended"
}

# PHASE N STATUS: goes on with the hooks of PHASE from plugin N on, in a new shell in the place of this one. In
# the trap, shells differ: "exit" is no exit in zsh, BusyBox runs no traps of its subshells.
_boot_core_go_on() {
    _boot_core_ended=$3
    case $1:$_boot_hooks_after in
    post_configure: | *:yes) ;;
    *) return 0 ;;
    esac
    [ -z "${_boot_erts_env:-}" ] || export _boot_erts_env
    unset _boot_within
    [ -z "$_boot_hooks_within" ] || export _boot_within="$_boot_hooks_within"
    # shellcheck disable=SC2016 # for that shell to expand
    exec /bin/sh -c '. "$1/core.sh" && _boot_core_resume "$@"' "$_boot_prog" "$_boot_core_dir" "$1" "$2" "$3" \
        "$_boot_hooks_after" "$_boot_hooks_post_failed" "$_boot_hooks_umask" "${_boot_erts_mode:-}" "${_boot_core_continue:-}"
}

# DIRECTORY PHASE N STATUS AFTER POST_FAILED UMASK MODE CONTINUATION: what _boot_core_go_on calls
_boot_core_resume() {
    _boot_prog=$0
    _boot_core_dir=$1
    _boot_core_load
    _boot_core_status=$4
    if [ "$2" != post_configure ]; then
        BOOT_STATUS=$4
        export BOOT_STATUS
    fi
    _boot_hooks_after=$5
    _boot_hooks_post_failed=$6
    _boot_hooks_umask=$7
    _boot_erts_mode=$8
    _boot_core_continue=$9
    # No longer exported: it is not for hooks.
    _boot_core_kept=${_boot_erts_env:-}
    unset _boot_erts_env
    _boot_erts_env=$_boot_core_kept
    # shellcheck source=/dev/null
    . "$_boot_core_dir/commands/$BOOT_COMMAND.sh"
    _boot_hooks_find
    _boot_core_traps
    _boot_hooks_from "$2" "$3"
    case $2 in
    post_configure)
        # shellcheck source=/dev/null
        . "$_boot_core_dir/erts.sh"
        "$_boot_core_continue"
        _boot_core_end "$?"
        ;;
    "failed_$BOOT_COMMAND") _boot_hooks_phase failed ;;
    esac
    _boot_core_leave
}

# STATUS: the hooks after the command, then the end
_boot_core_end() {
    # The end of a child by signal N: 256 + N in ksh93, 384 + N in yash.
    case $1 in
    25[6-9] | 2[6-9]? | 3[0-7]? | 38[0-3]) set -- "$(($1 - 128))" ;;
    38? | 39? | 4??) set -- "$(($1 - 256))" ;;
    esac
    _boot_core_status=$1 # a hook may do what it likes to the public one
    BOOT_STATUS=$1
    export BOOT_STATUS
    if [ -n "$_boot_hooks_after" ]; then
        if [ "$1" -eq 0 ]; then
            _boot_hooks_phase "post_$BOOT_COMMAND"
        elif [ "$1" -ne 6 ]; then
            _boot_hooks_phase "failed_$BOOT_COMMAND"
            _boot_hooks_phase failed
        fi
    fi
    _boot_core_leave
}

_boot_core_leave() {
    trap - EXIT
    if [ "$_boot_core_status" -eq 0 ] && [ -n "$_boot_hooks_post_failed" ]; then
        _boot_core_status=6
    fi
    exit "$_boot_core_status"
}
