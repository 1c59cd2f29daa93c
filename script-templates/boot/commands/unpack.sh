# shellcheck shell=sh
# unpack: unpack another version of the release, without installing it.
#
# usage: NAME unpack [--timeout SECONDS] VERSION
#
# Looks for releases/NAME-VERSION.tar.gz, as `relboot tar` writes it. The running node unpacks it. A
# tarball without a kit is refused before anything is touched.
#
# example: NAME unpack 0.2.0

_boot_core_targets=yes

boot_command() {
    _boot_core_last unpack "$@"
}
