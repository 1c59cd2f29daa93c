# shellcheck shell=sh
# reboot: stop the node and have it start again, as a new operating system process.
#
# usage: NAME reboot [--force] [--timeout SECONDS]
#
# The new process boots the version that is permanent now, with vm.args rendered anew. By who keeps the node:
# - heart, with a command to run: the node does it itself (init:reboot).
# - "start": it is stopped and started again, with the hooks of stop and start.
# - a supervisor that starts it again (runit, s6, daemontools, OpenRC's supervise-daemon, systemd with
#   Restart=always or on-success): it is stopped, with the hooks of stop, and the new process waited for.
# Otherwise nothing would start it again, or it can't be known, as in a container, or below supervisord:
# reboot refuses with 1 and says why. --force stops it all the same, and waits for the new process.
# Returns once the node has booted, or with 7 when that takes longer than SECONDS, by default the timeouts of
# stop and start together (below "start" those two hold each by itself).
#
# example: NAME reboot

# shellcheck disable=SC2154 # the files of a kit share variables

boot_command() {
    _boot_core_need_helper
    set -- --timeout "$((_boot_stop_timeout + _boot_start_timeout))" "$@"
    _boot_reboot_plan=$("$_boot_helper" reboot "$@") || return
    case $_boot_reboot_plan in
    start)
        _boot_reboot_run stop || return
        _boot_reboot_run start
        ;;
    wait*)
        _boot_reboot_run stop || return
        "$_boot_helper" reboot "$@" --after "${_boot_reboot_plan#* }"
        ;;
    esac
}

# COMMAND: as if it was typed, with its hooks; one that was done but for a post hook is done
_boot_reboot_run() {
    /bin/sh "$RELEASE_ROOT/bin/$_boot_name" "$1" >&2
    set -- "$?"
    [ "$1" -ne 6 ] || _boot_hooks_post_failed=yes
    case $1 in
    0 | 6) return 0 ;;
    esac
    return "$1"
}
