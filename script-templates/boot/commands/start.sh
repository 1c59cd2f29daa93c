# shellcheck shell=sh
# start: start the node in the background and wait until it has booted.
#
# usage: NAME start [--wait SECONDS] [--timeout SECONDS] [ARG...]
#        NAME start --foreground [ARG...]
#
# Renders vm.args for this host, starts the node, and returns once it has booted, -s and -eval included,
# or tells why it has not. ARGs reach the node as plain arguments; options are one only as the first
# word. A node that runs already is left alone; one that is booting is waited for, and so is the end of
# one that is stopping. On a terminal a line shows which application is being started. When it has not
# booted after SECONDS (60, or [start] timeout in rel/relboot.toml) start ends with 7, and the node goes
# on; so it does when start is broken off (ctrl-C: status 130). --foreground is the command "foreground".
# Also known as: daemon.
#
# One command at a time works on an instance: --wait (the first option) waits for another one's end, without it
# this one ends with 8.
#
# example: NAME start
# example: NAME start --timeout 300

# shellcheck disable=SC2154 # the files of a kit share variables

_boot_core_phases='pre_configure post_configure'
_boot_core_locks=yes

boot_command() {
    _boot_start_limit=$_boot_start_timeout
    case ${1:-} in
    --timeout)
        _boot_start_limit=${2:-}
        shift
        [ $# -eq 0 ] || shift
        ;;
    --timeout=*)
        _boot_start_limit=${1#*=}
        shift
        ;;
    esac
    case $_boot_start_limit in
    '' | *[!0-9]* | 0* | ??????*) false ;;
    *) [ "$_boot_start_limit" -le 86400 ] ;;
    esac || boot_die "--timeout takes 1 to 86400 seconds, not \"$_boot_start_limit\"" "$_boot_prog help start" 2
    export _boot_start_limit # a new shell may go on
    # shellcheck source=/dev/null
    . "$BOOT_DIR/erts.sh"
    _boot_erts_configure background _boot_start_launch "$@"
}

_boot_start_launch() {
    if [ -z "$_boot_helper" ]; then
        _boot_erts_background || boot_die "cannot start $BINDIR/run_erl (status $?)" "is erts complete?"
        return 0
    fi
    set -- wait --timeout "$_boot_start_limit"
    [ ! -t 2 ] || set -- "$@" --progress=terminal
    if [ -x "$BINDIR/run_erl" ]; then
        _boot_erts_run_erl _boot_core_last "$@" --
    else
        _boot_erts_background
        _boot_core_last "$@"
    fi
}
