# shellcheck shell=sh
# node: switching the running node to another version.

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
