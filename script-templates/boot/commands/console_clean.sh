# shellcheck shell=sh
# console_clean: open a shell with the release's code and configuration, and nothing started.
#
# usage: NAME console_clean [ARG...]
#
# An Erlang shell, or IEx where the release is made by mix, in a VM of its own without a name: it works beside
# a running node, and when the applications do not start. ARGs are plain arguments. Leave it with ctrl-C
# twice, or q().
#
# example: NAME console_clean

# shellcheck disable=SC2154 # the files of a kit share variables

_boot_core_phases='pre_configure post_configure'

boot_command() {
    _boot_core_need_helper
    # shellcheck source=/dev/null
    . "$BOOT_DIR/erts.sh"
    _boot_erts_configure shell _boot_erts_beside "$@"
}
