# shellcheck shell=sh
# ping: ask whether the node answers.
#
# usage: NAME ping [--timeout SECONDS]
#
# Prints "pong" and ends with 0 when it does; 3 when it is not running, 4 when it does not answer or was
# started without distribution. --timeout is how long it may take, 10 seconds by default.
#
# example: NAME ping && echo up

boot_command() {
    _boot_core_last ping "$@"
}
