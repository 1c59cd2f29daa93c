# shellcheck shell=sh
# stop: stop the node and wait until its process is gone.
#
# usage: NAME stop [--wait SECONDS] [--timeout SECONDS] [--kill] [--dump | --no-dump] [--no-kill]
#
# Asks the node to stop its applications in order, and waits for the process itself; on a terminal a line tells
# how long already, and what still runs. A node that can't be asked (without distribution, hung, booting, with
# another cookie) is sent SIGTERM, which means the same to it; one that SIGSTOP has stopped, SIGCONT first.
# Stopping a stopped node is no error.
#
# A node that has not stopped after the timeout (60 seconds, or [stop] timeout in rel/relboot.toml) is ended: by
# SIGTERM and 5 seconds of grace, where it had none yet; with --dump, or [stop] dump, by SIGUSR1, on which it
# writes a crash dump; then by SIGKILL. Each is told. heart is ended before, as it would start the node again.
# stop ends with 7 then, also when the node is gone, and says what it took. With --no-kill, or [stop] kill =
# false, the node is left to go on stopping after the SIGTERM.
#
# --kill ends it at once, without asking, with --dump behind a crash dump: 0.
#
# One command at a time works on an instance: --wait (the first option) waits for another one's end, without it
# this one ends with 8.
#
# example: NAME stop --timeout 120
# example: NAME stop --timeout 10 --dump

# shellcheck disable=SC2154 # the files of a kit share variables

_boot_core_locks=yes

boot_command() {
    if [ -n "$_boot_helper" ]; then
        set -- --timeout "$_boot_stop_timeout" "$@"
        case "$_boot_stop_kill:$_boot_stop_dump: $* " in
        :*) set -- --no-kill "$@" ;;
        *::* | *" --kill "*) ;; # at once, as asked for
        *) set -- --dump "$@" ;;
        esac
        "$_boot_helper" stop "$@"
        _boot_stop_status=$?
        _boot_core_lacks_helper "$_boot_stop_status" || return "$_boot_stop_status"
    fi
    # shellcheck source=/dev/null
    . "$BOOT_DIR/plain.sh"
    _boot_plain_stop "$@"
}
