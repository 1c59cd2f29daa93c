# shellcheck shell=sh
# console: run the node with an interactive shell on this terminal.
#
# usage: NAME console [--wait SECONDS] [ARG...]
#
# An Erlang shell, or IEx where the release is Elixir's. Leaving it ends the node: q(). in Erlang,
# System.stop() in Elixir, or twice ctrl-C.
#
# One command at a time works on an instance: --wait (the first option) waits for another one's end, without it
# this one ends with 8.
#
# example: NAME console

_boot_core_phases='pre_configure post_configure'
_boot_core_locks=yes

boot_command() {
    # shellcheck source=/dev/null
    . "$BOOT_DIR/erts.sh"
    _boot_erts_configure console _boot_console_launch "$@"
}

_boot_console_launch() {
    [ -n "$_boot_hooks_after" ] || _boot_erts_exec
    # In a subshell, so that the hooks can follow. ctrl-C is for the node alone.
    trap : INT
    (_boot_erts_exec)
}
