# shellcheck shell=sh
# install: switch the running node to a version, in place.
#
# usage: NAME install [--wait SECONDS] [--no-permanent] [--timeout SECONDS] VERSION
#
# Unpacks the version if need be, runs its relup in the running node and makes it the one that the
# next start boots. With --no-permanent the next start boots the old version again.
#
# One command at a time works on an instance: --wait (the first option) waits for another one's end, without it
# this one ends with 8.
#
# example: NAME install --no-permanent 0.2.0

_boot_core_targets=yes
_boot_core_locks=yes

boot_command() {
    # shellcheck source=/dev/null
    . "$BOOT_DIR/node.sh"
    _boot_node_switch install "$@"
}
