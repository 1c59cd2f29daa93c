# shellcheck shell=sh
# vmargs: print the vm.args that a start on this host would use now.
#
# usage: NAME vmargs [ARG...]
#
# Renders the template, writes nothing. The cookie is not part of it: it goes to the node by file.
#
# example: NAME vmargs

_boot_core_phases='pre_configure post_configure'

boot_command() {
    _boot_core_need_helper
    # shellcheck source=/dev/null
    . "$BOOT_DIR/erts.sh"
    _boot_core_continue=: # behind a post_configure hook that ends the shell
    _boot_hooks_phase pre_configure
    (_boot_erts_render --print "$@") || return
    _boot_hooks_phase post_configure
}
