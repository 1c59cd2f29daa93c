# shellcheck shell=sh
# pid: print the node's process id.
#
# usage: NAME pid [--timeout SECONDS]
#
# example: kill -USR1 "$(NAME pid)"

boot_command() {
    _boot_core_last pid "$@"
}
