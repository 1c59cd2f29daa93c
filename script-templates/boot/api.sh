# shellcheck shell=sh
# api: the functions that hooks and commands may call. Public: see docs/plugin-api.md.

# shellcheck disable=SC2154 # the files of a kit share variables

# boot_info MESSAGE...: tell the user something.
#   stdout: nothing (the message goes to standard error)
#   status: 0
#   since: api 1
boot_info() {
    printf '%s\n' "$*" >&2
}

# boot_warn MESSAGE [HELP]: warn the user.
#   stdout: nothing
#   status: 0
#   since: api 1
boot_warn() {
    printf 'warning: %s\n' "$1" >&2
    [ -z "${2:-}" ] || printf 'help: %s\n' "$2" >&2
}

# boot_die MESSAGE [HELP [STATUS]]: end with an error; in a pre hook this refuses the command.
#   stdout: nothing
#   status: does not return; ends with STATUS, 1 by default
#   since: api 1
boot_die() {
    printf 'error: %s\n' "$1" >&2
    [ -z "${2:-}" ] || printf 'help: %s\n' "$2" >&2
    exit "${3:-1}"
}

# boot_debug MESSAGE...: tell something when BOOT_DEBUG is set.
#   stdout: nothing
#   status: 0
#   since: api 1
boot_debug() {
    [ -z "${BOOT_DEBUG:-}" ] || printf 'debug: %s\n' "$*" >&2
}

# boot_node_ping: ask whether the node answers.
#   stdout: nothing
#   status: 0 it does, 3 not running, 4 no answer
#   since: api 1
boot_node_ping() {
    _boot_api_ask ping >/dev/null 2>&1
}

# boot_node_pid: the node's process id.
#   stdout: the number
#   status: 0, 3 not running, 4 no answer
#   since: api 1
boot_node_pid() {
    _boot_api_ask pid
}

# boot_node_rpc [OPTION...] EXPRESSION: run code on the node; all that "help rpc" tells works here.
#   stdout: its value (what it prints goes to standard error), or with --printed what it prints
#   status: 0, 9 exception, 7 time-out, 3 not running, 4 no answer
#   since: api 1
boot_node_rpc() {
    _boot_api_ask rpc ${_boot_elixir:+--default-elixir} "$@"
}

# boot_node_eval EXPRESSION [ARG...]: evaluate an expression in a VM of its own, as "eval" does; the node need not run.
#   stdout: what it prints
#   status: 0, 9 exception, that of halt, 1 no such VM
#   since: api 1
boot_node_eval() (
    _boot_core_need_helper
    RELEASE_COMMAND="eval"
    # shellcheck source=/dev/null
    . "$_boot_core_dir/erts.sh"
    _boot_erts_mode=${_boot_elixir:+elixir}
    _boot_erts_mode=${_boot_erts_mode:-erlang}
    _boot_eval_source=$1
    export RELEASE_COMMAND _boot_eval_source
    shift
    _boot_erts_prepare "$@"
    # shellcheck disable=SC2119 # its words are in a variable
    _boot_erts_exec_beside
)

# ARG...: asks the helper; a hook is not ended by a helper that is missing
_boot_api_ask() {
    if [ -z "$_boot_helper" ]; then
        boot_warn "$_boot_core_dir/relboot-helper is missing or not executable"
        return 4
    fi
    "$_boot_helper" "$@"
}

# boot_require_node: end with status 3 or 4 unless the node answers.
#   stdout: nothing
#   status: 0, or does not return
#   since: api 1
boot_require_node() {
    _boot_core_helper ping >/dev/null || exit "$?"
}

# boot_wait_until SECONDS COMMAND [ARG...]: try a command once a second until it succeeds.
#   stdout: what the command prints
#   status: 0, or 7 when SECONDS have passed
#   since: api 1
boot_wait_until() (
    _boot_api_now=0
    _boot_api_tick
    _boot_api_end=$((_boot_api_now + $1))
    shift
    until "$@"; do
        _boot_api_tick
        [ "$_boot_api_now" -lt "$_boot_api_end" ] || exit 7
        sleep 1
    done
)

# sets _boot_api_now to the seconds since boot: a command may take long; without /proc it counts the calls
_boot_api_tick() {
    _boot_api_up=
    [ ! -r /proc/uptime ] || read -r _boot_api_up _boot_api_rest </proc/uptime || :
    case $_boot_api_up in
    *.*) _boot_api_now=${_boot_api_up%%.*} ;;
    *) _boot_api_now=$((_boot_api_now + 1)) ;;
    esac
}

# boot_run_phase PHASE: run all plugins' hooks of that name, e.g. of a step of your own.
#   stdout: the hooks'
#   status: 0; ends with 5 when a pre_ hook fails, others that fail are reported; a command keeps what pre_ hooks export
#   since: api 1
boot_run_phase() {
    case $1:$_boot_hooks_sourcing in
    pre_*:)
        _boot_hooks_check "$1"
        _boot_hooks_phase "$1"
        return 0
        ;;
    esac
    # What calls this goes on afterwards, and a hook that calls it has its own directory, options, traps.
    set -- "$1" "$-"
    set +e
    (
        # shellcheck source=/dev/null
        . "$_boot_core_dir/phase.sh"
        _boot_phase_apart "$1" check
    )
    set -- "$?" "$2"
    case $2 in *e*) set -e ;; esac
    case $1 in
    0) ;;
    6) _boot_hooks_post_failed=yes ;;
    *) exit "$1" ;;
    esac
}

# boot_command_exists NAME: whether this release has a command of that name.
#   stdout: nothing
#   status: 0 or 1
#   since: api 1
boot_command_exists() {
    case $1 in
    '' | *[!a-z0-9_]*) return 1 ;;
    esac
    [ -r "$BOOT_DIR/commands/$1.sh" ]
}
