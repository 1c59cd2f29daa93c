# shellcheck shell=sh
# restart: boot the node once more, in the same operating system process.
#
# usage: NAME restart [--wait SECONDS] [--timeout SECONDS]
#
# Stops all applications in order, loads the code again, boots (init:restart), and returns once the node has
# booted. What the VM was started with stays: vm.args, environment, pid. For new ones there is "reboot".
# Refused with 1 after an upgrade, when the node was started as another version than it is now. Ends with 7
# when it takes longer than SECONDS, by default the timeouts of stop and start together.
#
# One command at a time works on an instance: --wait (the first option) waits for another one's end, without it
# this one ends with 8.
#
# example: NAME restart --timeout 120

# shellcheck disable=SC2154 # the files of a kit share variables

_boot_core_locks=yes

boot_command() {
    _boot_core_last restart --timeout "$((_boot_stop_timeout + _boot_start_timeout))" "$@"
}
