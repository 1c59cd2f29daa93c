# shellcheck shell=sh
# pid: print the node's process id.
#
# usage: NAME pid [--timeout SECONDS]
#
# The node itself tells it; of a node without distribution it is the process recorded at its start, when
# that still runs. --timeout is how long the node may take to answer, 10 seconds by default.
#
# Ends with 3 when the node is not running, 4 when it does not answer.
#
# example: kill -USR1 "$(NAME pid)"

boot_command() {
    _boot_core_last pid "$@"
}
