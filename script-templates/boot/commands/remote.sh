# shellcheck shell=sh
# remote: open a shell on the running node.
#
# usage: NAME remote [--erl] [--timeout SECONDS]
#
# IEx where the release is made by mix, else, or with --erl, the Erlang shell. Its own VM is a hidden node that
# listens on no port and gets its name from the node. Leave it with ctrl-C twice (in the Erlang shell also with
# ctrl-G q): q() and System.stop() would stop the node. Ends with 3 when the node is not running, and with 4
# when it does not answer within SECONDS, 10 by default. Also known as: remote_console, remsh.
#
# example: NAME remote

# shellcheck disable=SC2154 # the files of a kit share variables

boot_command() {
    # ctrl-C is for the shell on the node alone.
    [ -z "$_boot_hooks_after" ] || trap : INT
    _boot_core_last remote --kind "$_boot_kind" --erts "$_boot_erts_vsn" "$@"
}
