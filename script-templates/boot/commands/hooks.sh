# shellcheck shell=sh
# hooks: list the hooks, in the order in which they would run.
#
# usage: NAME hooks [COMMAND]
#
# A line each: phase, plugin, file; those of one command, or all. Files that are named after no phase
# are left out.
#
# example: NAME hooks upgrade

# shellcheck disable=SC2154 # the files of a kit share variables

boot_command() {
    if [ -n "${1:-}" ]; then
        boot_command_exists "$1" || boot_die "unknown command \"$1\"" "$RELEASE_PROG help lists the commands" 2
        _boot_list_command "$1"
    else
        _boot_list_all=all:
        for _boot_list_file in "$BOOT_DIR"/commands/*.sh; do
            _boot_list_file=${_boot_list_file##*/}
            _boot_list_command "${_boot_list_file%.sh}"
        done
        _boot_list_phases pre_configure post_configure
    fi
    _boot_list_phase failed
}

# COMMAND
_boot_list_command() {
    _boot_list_phase "pre_$1"
    case ${_boot_list_all:-}$1 in
    start | console | console_clean | escript | eval | vmargs) _boot_list_phases pre_configure post_configure ;;
    foreground) _boot_list_phases pre_start pre_configure post_configure post_start pre_stop post_stop ;;
    esac
    _boot_list_phase "post_$1"
    _boot_list_phase "failed_$1"
}

# PHASE...
_boot_list_phases() {
    for _boot_list_name in "$@"; do
        _boot_list_phase "$_boot_list_name"
    done
}

# PHASE
_boot_list_phase() {
    set -- "$1" 1
    while [ "$2" -le "$_boot_hooks_n" ]; do
        eval "_boot_list_path=\$_boot_plugin_$2"
        if [ -e "$_boot_list_path/$1" ] || [ -h "$_boot_list_path/$1" ]; then
            printf '%s\t%s\t%s\n' "$1" "${_boot_list_path##*/}" "$_boot_list_path/$1"
        fi
        set -- "$1" "$(($2 + 1))"
    done
}
