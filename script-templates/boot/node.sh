# shellcheck shell=sh
# node: switching the running node to another version.

# [ARG...]: sets BOOT_TARGET_VSN, for the hooks too: the argument that is no option
_boot_node_target() {
    BOOT_TARGET_VSN=
    while [ $# -gt 0 ]; do
        case $1 in
        --timeout) [ $# -eq 1 ] || shift ;;
        -*) ;;
        *) BOOT_TARGET_VSN=$1 ;;
        esac
        shift
    done
    export BOOT_TARGET_VSN
}

# upgrade|downgrade|install [--no-permanent] [--timeout SECONDS] VERSION: the helper does it, then that version's
# kit takes over
_boot_node_switch() {
    _boot_node_permanent=yes
    for _boot_node_arg in "$@"; do
        [ "$_boot_node_arg" != --no-permanent ] || _boot_node_permanent=
    done
    _boot_core_helper "$@" || return
    if [ -n "$_boot_node_permanent" ]; then
        _boot_core_take_over "$BOOT_TARGET_VSN"
    fi
}
