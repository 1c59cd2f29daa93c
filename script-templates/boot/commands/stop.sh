# shellcheck shell=sh
# stop: stop the node and wait until its process is gone.
#
# usage: NAME stop [--wait SECONDS] [--timeout SECONDS]
#
# Asks the node to stop its applications in order, and waits for the process itself. A node that can't
# be asked (without distribution, hung, with another cookie) is sent SIGTERM, which means the same to it.
# After the timeout (60 seconds, or [stop] timeout in rel/relboot.toml) it ends with status 7 and the node
# goes on stopping. Stopping a stopped node is no error.
#
# One command at a time works on an instance: --wait (the first option) waits for another one's end, without it
# this one ends with 8.
#
# example: NAME stop --timeout 120

# shellcheck disable=SC2154 # the files of a kit share variables

_boot_core_locks=yes

boot_command() {
    if [ -n "$_boot_helper" ]; then
        "$_boot_helper" stop --timeout "$_boot_stop_timeout" "$@"
        _boot_stop_status=$?
        case $_boot_stop_status in
        126 | 127) boot_warn "$_boot_helper does not run on this machine (status $_boot_stop_status)" ;;
        *) return "$_boot_stop_status" ;;
        esac
    fi
    # shellcheck source=/dev/null
    . "$BOOT_DIR/plain.sh"
    _boot_plain_stop
}
