# shellcheck shell=sh
# rpc: evaluate an expression on the running node.
#
# usage: NAME rpc [--erlang|--elixir] [--timeout SECONDS] EXPRESSION
#
# Prints what the expression prints, then its value. Elixir where the release has it, else Erlang.
# An exception is told on standard error and ends with status 9.
#
# example: NAME rpc 'erlang:memory(total).'
# example: NAME rpc 'Enum.count(Process.list())'

boot_command() {
    _boot_core_last rpc ${_boot_elixir:+--default-elixir} "$@"
}
