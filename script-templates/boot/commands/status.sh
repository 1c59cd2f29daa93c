# shellcheck shell=sh
# status: tell what the node is doing.
#
# usage: NAME status [--json] [--timeout SECONDS]
#
# Ends with 0 when the node is up, 3 when it is not running, 4 when it does not answer.
#
# example: NAME status --json

boot_command() {
    _boot_core_last status "$@"
}
