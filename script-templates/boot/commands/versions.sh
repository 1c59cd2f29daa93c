# shellcheck shell=sh
# versions: list the versions of the release that the running node knows.
#
# usage: NAME versions [--json]
#
# A line each: version and status (permanent, current, unpacked, old), newest first.
#
# example: NAME versions

boot_command() {
    _boot_core_last versions "$@"
}
