# shellcheck shell=sh
# rpc: run code on the running node.
#
# usage: NAME rpc [OPTION...] EXPRESSION
#        NAME rpc [OPTION...] --stdin
#        NAME rpc [OPTION...] --file FILE
#        NAME rpc [OPTION...] MODULE FUNCTION [ARG...]
#        NAME rpc [OPTION...] MODULE FUNCTION -- [TEXT...]
#
# Evaluates an expression, from the command line, standard input or a file, or calls a function. Each
# ARG is a literal of the language (a number, an atom, a list, ...) and never evaluated; the TEXTs after
# -- are bytes as they are, and reach the function as one argument, a list of binaries.
#
# The value goes to standard output, alone; what the code prints goes to standard error as it comes.
# An exception is told there with its reason and stack, and ends with status 9. When this command ends,
# by ctrl-C, --timeout or a kill, its process on the node ends as well.
#
# --erlang, --elixir   the language; without them Elixir where the release has it, else Erlang
# --timeout SECONDS    give up after so long, with status 7; without it connecting has 10 seconds, and
#                      the code all the time it takes
# --json               the value as JSON: true, false, and null for nil and undefined; other atoms and
#                      UTF-8 binaries as strings, other binaries as {"base64": "..."}; tuples and lists
#                      as arrays, but Erlang's printable strings as strings; maps as objects where
#                      their keys allow it, else as arrays of pairs; pids, ports, references and funs
#                      as strings
# --printed            standard output gets what the code prints, byte for byte, and not its value
# --stdin              the expression is read from standard input
# --file FILE          the expression is read from FILE
#
# Options come first. A word that begins with - and is no number is taken for one: put -- before an
# expression that begins so.
#
# example: NAME rpc 'erlang:memory(total).'
# example: NAME rpc 'Enum.count(Process.list())'
# example: NAME rpc --json erlang memory
# example: NAME rpc MyApp.Release migrate
# example: NAME rpc MyApp.Release import -- "$file" "it's text"
# example: NAME rpc --printed 'MyApp.report()' >report.txt
# example: NAME rpc --file check.exs

boot_command() {
    _boot_core_last rpc ${_boot_elixir:+--default-elixir} "$@"
}
