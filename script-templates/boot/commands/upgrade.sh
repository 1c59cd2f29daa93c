# shellcheck shell=sh
# upgrade: upgrade the running node to a version, keeping its state.
#
# usage: NAME upgrade [--wait SECONDS] [--timeout SECONDS] VERSION
#
# Unpacks releases/NAME-VERSION.tar.gz if need be, runs its relup in the running node, makes it
# permanent. The new version's kit takes over: its plugins' post_upgrade hooks run, and so do its
# scripts from now on.
#
# One command at a time works on an instance: --wait (the first option) waits for another one's end, without it
# this one ends with 8.
#
# example: NAME upgrade 0.2.0

_boot_core_targets=yes
_boot_core_locks=yes

boot_command() {
    # shellcheck source=/dev/null
    . "$BOOT_DIR/node.sh"
    _boot_node_switch upgrade "$@"
}
