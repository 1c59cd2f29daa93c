# shellcheck shell=sh
# unpack: unpack another version of the release, without installing it.
#
# usage: NAME unpack [--wait SECONDS] [--timeout SECONDS] VERSION
#
# Looks for releases/NAME-VERSION.tar.gz, as `relboot tar` writes it. The running node unpacks it. A
# tarball without a kit is refused before anything is touched.
#
# One command at a time works on an instance: --wait (the first option) waits for another one's end, without it
# this one ends with 8.
#
# example: NAME unpack 0.2.0

_boot_core_targets=yes
_boot_core_locks=yes

boot_command() {
    _boot_core_last unpack "$@"
}
