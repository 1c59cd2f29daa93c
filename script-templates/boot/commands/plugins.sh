# shellcheck shell=sh
# plugins: list the plugins, in the order in which their hooks run.
#
# usage: NAME plugins
#
# A line each: name, directory.
#
# example: NAME plugins

# shellcheck disable=SC2154 # the files of a kit share variables

boot_command() {
    _boot_core_no_arguments "$@"
    set -- 1
    while [ "$1" -le "$_boot_hooks_n" ]; do
        eval "_boot_hooks_path=\$_boot_plugin_$1"
        printf '%s\t%s\n' "${_boot_hooks_path##*/}" "$_boot_hooks_path"
        set -- "$(($1 + 1))"
    done
}
