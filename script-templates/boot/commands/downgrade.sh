# shellcheck shell=sh
# downgrade: take the running node back to an older version, keeping its state.
#
# usage: NAME downgrade [--wait SECONDS] [--timeout SECONDS] VERSION
#
# The other way round than upgrade: runs the relup of the version in use downwards and makes the older
# one permanent. That version's kit takes over.
#
# One command at a time works on an instance: --wait (the first option) waits for another one's end, without it
# this one ends with 8.
#
# example: NAME downgrade 0.1.0

_boot_core_targets=yes
_boot_core_locks=yes

boot_command() {
    # shellcheck source=/dev/null
    . "$BOOT_DIR/node.sh"
    _boot_node_switch downgrade "$@"
}
