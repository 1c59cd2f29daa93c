# shellcheck shell=sh
# escript: run an escript with the release's runtime system, code and configuration.
#
# usage: NAME escript FILE [ARG...]
#
# FILE is looked for from the caller's directory, then from the release's. Source, beam and archive escripts
# run, with the emulator flags of their "%%!" line. The code paths are those of this version; none of its
# applications is started; a node that runs is left alone. Ends with the script's status.
#
# example: NAME escript bin/report.escript --verbose

# shellcheck disable=SC2154 # the files of a kit share variables

_boot_core_phases='pre_configure post_configure'

boot_command() {
    _boot_core_need_helper
    [ -n "${1:-}" ] || boot_die "escript needs a file" "$_boot_prog help escript" 2
    # shellcheck source=/dev/null
    . "$BOOT_DIR/erts.sh"
    _boot_erts_configure escript _boot_erts_beside "$@"
}
