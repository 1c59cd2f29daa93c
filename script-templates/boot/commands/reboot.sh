# shellcheck shell=sh
# reboot: stop the node and have it start again, as a new operating system process.
#
# usage: NAME reboot [--wait SECONDS] [--force] [--timeout SECONDS]
#
# The new process boots the version that is permanent now, with vm.args rendered anew. By who keeps the node:
# - heart, with a command to run: the node does it itself (init:reboot).
# - "start": it is stopped and started again, with the hooks of stop and start.
# - a supervisor that starts it again (runit, s6, daemontools, OpenRC's supervise-daemon, systemd with
#   Restart=always or on-success): it is stopped, with the hooks of stop, and the new process waited for.
# Otherwise nothing would start it again, or it can't be known, as in a container, or below supervisord:
# reboot refuses with 1 and says why. --force stops it all the same, and waits for the new process.
# Returns once the node has booted, or with 7 when all that takes longer than SECONDS, by default the timeouts
# of stop and start together. A node that does not stop is ended as "stop" does it, and reboot goes on, with a
# warning; where [stop] kill = false it goes on stopping, and "start" is left to you.
#
# One command at a time works on an instance: --wait (the first option) waits for another one's end, without it
# this one ends with 8.
#
# example: NAME reboot

# shellcheck disable=SC2154 # the files of a kit share variables

_boot_core_locks=now # by a process of its own, for the commands that it calls

boot_command() {
    _boot_reboot_node "$@"
}

# [OPTION...]: asks the helper who starts it again, and does as it says
_boot_reboot_node() {
    _boot_core_need_helper
    set -- --timeout "$((_boot_stop_timeout + _boot_start_timeout))" "$@"
    _boot_reboot_see_time
    _boot_reboot_begun=$_boot_reboot_now
    _boot_reboot_plan=$("$_boot_helper" reboot "$@") || return
    # shellcheck disable=SC2086 # WHAT SECONDS [PID], to be split
    set -- $_boot_reboot_plan
    case ${1:-} in
    start)
        _boot_reboot_stop "$2" || return
        _boot_reboot_start "$2"
        ;;
    up) _boot_reboot_start "$2" ;;
    wait)
        _boot_reboot_stop "$2" || return
        _boot_reboot_see_left "$2"
        "$_boot_helper" reboot --timeout "$_boot_reboot_left" --after "$3"
        ;;
    esac
}

# sets _boot_reboot_now, in seconds
_boot_reboot_see_time() {
    _boot_reboot_now=
    # shellcheck disable=SC2034 # the time that the machine was idle
    [ ! -r /proc/uptime ] || read -r _boot_reboot_now _boot_reboot_idle </proc/uptime || :
    _boot_reboot_now=${_boot_reboot_now%%.*}
}

# SECONDS: sets _boot_reboot_left, what is left of them, 1 at least
_boot_reboot_see_left() {
    _boot_reboot_see_time
    _boot_reboot_left=$(($1 - ${_boot_reboot_now:-0} + ${_boot_reboot_begun:-0}))
    [ "$_boot_reboot_left" -gt 0 ] || _boot_reboot_left=1
}

# SECONDS of it all: "stop" with its hooks, for no longer than by itself. One that had to use force has stopped the
# node, too: its record is gone.
_boot_reboot_stop() {
    _boot_reboot_see_left "$1"
    [ "$_boot_reboot_left" -le "$_boot_stop_timeout" ] || _boot_reboot_left=$_boot_stop_timeout
    _boot_reboot_run stop
    set -- "$?"
    if [ "$1" -eq 7 ] && [ ! -e "$BOOT_STATE_DIR/node" ]; then
        boot_warn "$RELEASE_NAME has ended, but not by itself; $BOOT_COMMAND goes on"
        return 0
    fi
    return "$1"
}

# SECONDS of it all: "start" with its hooks
_boot_reboot_start() {
    _boot_reboot_see_left "$1"
    _boot_reboot_run start
}

# COMMAND: as if it was typed; one that was done but for a post hook is done
_boot_reboot_run() {
    _boot_within=$_boot_hooks_within /bin/sh "$RELEASE_ROOT/bin/$_boot_name" "$1" --timeout "$_boot_reboot_left" >&2
    set -- "$?"
    [ "$1" -ne 6 ] || _boot_hooks_post_failed=yes
    case $1 in
    0 | 6) return 0 ;;
    esac
    return "$1"
}
