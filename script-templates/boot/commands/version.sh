# shellcheck shell=sh
# version: print the name and version that a start would boot.
#
# usage: NAME version
#
# example: NAME version

boot_command() {
    _boot_core_no_arguments "$@"
    printf '%s %s\n' "$RELEASE_NAME" "$RELEASE_VSN"
}
