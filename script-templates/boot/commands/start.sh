# shellcheck shell=sh
# start: start the node in the background and wait until it has booted.
#
# usage: NAME start [ARG...]
#        NAME start --foreground [ARG...]
#
# Renders vm.args for this host, starts the node, and returns once all its applications are started,
# or tells why they are not. ARGs reach the node as plain arguments. A node that runs already is left
# alone. --foreground is the command "foreground". Also known as: daemon.
#
# example: NAME start

# shellcheck disable=SC2154 # the files of a kit share variables

_boot_core_phases='pre_configure post_configure'

boot_command() {
    # shellcheck source=/dev/null
    . "$BOOT_DIR/erts.sh"
    _boot_erts_configure background _boot_start_launch "$@"
}

_boot_start_launch() {
    _boot_erts_background || boot_die "cannot start $BINDIR/run_erl (status $?)" "is erts complete?"
    [ -n "$_boot_helper" ] || return 0
    "$_boot_helper" wait --timeout "$_boot_start_timeout"
}
