# shellcheck shell=sh
# eval: evaluate an expression in a VM of its own, with the release's code and configuration.
#
# usage: NAME eval [--vm] [--erlang|--elixir] [--] EXPRESSION [ARG...]
#        NAME eval [--vm] [--erlang|--elixir] --file FILE [ARG...]
#        NAME eval [--vm] [--erlang|--elixir] --stdin [ARG...]
#        NAME eval --node [OPTION...] EXPRESSION|--file FILE|--stdin
#
# The VM boots with the code of this version, its sys.config, its config providers and the flags of its
# vm.args, but has no name, and none of the release's applications is started: the expression starts what it
# needs. A node that runs is left alone. Elixir where the release has it, else Erlang. ARGs are what
# System.argv() or init:get_plain_arguments() give; standard input is the code's own. The value is not
# printed. Ends with 0, with N after halt(N), and with 9 after an exception, which is told on standard error.
#
# --file takes the expression from a file, --stdin from standard input. --node asks the running node instead
# and prints the value, as "rpc" does, with its OPTIONs; there is no place for ARGs there. With eval = "node"
# under [commands] in rel/relboot.toml that is the default, and --vm, the first word, is the other way.
#
# example: NAME eval 'MyApp.Release.migrate()'
# example: NAME eval 'io:format("~p~n", [application:get_env(my_app, port)]).'
# example: NAME eval --file report.exs 2026 may

# shellcheck disable=SC2154 # the files of a kit share variables

_boot_core_phases='pre_configure post_configure'

boot_command() {
    case ${1:-} in
    --vm | --node)
        _boot_eval=${1#--}
        shift
        ;;
    esac
    if [ "$_boot_eval" = node ]; then
        _boot_core_last rpc --eval ${_boot_elixir:+--default-elixir} "$@"
        return
    fi
    _boot_core_need_helper
    _boot_eval_mode=${_boot_elixir:+elixir}
    _boot_eval_mode=${_boot_eval_mode:-erlang}
    _boot_eval_file=
    while [ $# -gt 0 ]; do
        case $1 in
        --erlang) _boot_eval_mode=erlang ;;
        --elixir)
            [ -n "$_boot_elixir" ] || boot_die "$RELEASE_NAME has no Elixir" "leave out --elixir" 2
            _boot_eval_mode=elixir
            ;;
        --stdin) _boot_eval_file=/dev/stdin ;;
        --file)
            [ -n "${2:-}" ] || boot_die "--file needs a file" "$_boot_prog help eval" 2
            _boot_eval_file=$2
            shift
            ;;
        --)
            shift
            break
            ;;
        -*) boot_die "eval has no option \"$1\"" "$_boot_prog help eval; before an expression that begins so: --" 2 ;;
        *) break ;;
        esac
        shift
    done
    # shellcheck source=/dev/null
    . "$BOOT_DIR/erts.sh"
    if [ -n "$_boot_eval_file" ]; then
        export _boot_eval_file
    else
        [ -n "${1:-}" ] || boot_die "eval needs an expression" "$_boot_prog help eval" 2
        _boot_eval_source=$1
        export _boot_eval_source
        unset _boot_eval_file
        shift
    fi
    _boot_erts_configure "$_boot_eval_mode" _boot_erts_beside "$@"
}
