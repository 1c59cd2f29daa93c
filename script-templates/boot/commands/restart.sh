# shellcheck shell=sh
# restart: boot the node once more, in its process or with --full in a new one.
#
# usage: NAME restart [--wait SECONDS] [--timeout SECONDS]
#        NAME restart [--wait SECONDS] --full [--timeout SECONDS]
#
# Stops all applications in order, loads the code again, boots (init:restart), and returns once the node has
# booted. What the VM was started with stays: vm.args, environment, pid. For new ones there are --full and "reboot".
# Refused with 1 after an upgrade, when the node was started as another version than it is now. Ends with 7
# when it takes longer than SECONDS, by default the timeouts of stop and start together.
#
# --full stops the node and starts it again, with the hooks of stop and start between those of restart: also one
# that hangs or has no distribution, and one with heart. A node that is not running is started. In the foreground
# it does what "reboot" does there, or is refused as that.
#
# One command at a time works on an instance: --wait (the first option) waits for another one's end, without it
# this one ends with 8.
#
# example: NAME restart --timeout 120
# example: NAME restart --full

# shellcheck disable=SC2154 # the files of a kit share variables

# shellcheck source=/dev/null
. "$_boot_core_dir/commands/reboot.sh"

_boot_core_locks=yes

boot_command() {
    for _boot_restart_arg in "$@"; do
        if [ "$_boot_restart_arg" = --full ]; then
            _boot_restart_lock
            _boot_reboot_node "$@"
            return
        fi
    done
    _boot_core_last restart --timeout "$((_boot_stop_timeout + _boot_start_timeout))" "$@"
}

# the commands that it calls are to find that it has the lock
_boot_restart_lock() {
    [ -n "${_boot_lock:-}" ] || return 0
    unset _boot_lock
    _boot_core_locks=now
    _boot_core_lock
}
