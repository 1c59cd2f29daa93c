# shellcheck shell=sh
# vmargs: print the vm.args that a start on this host would use now.
#
# usage: NAME vmargs [ARG...]
#        NAME vmargs --explain [--json]
#        NAME vmargs --diff
#
# Renders the template, writes nothing. The cookie is not part of it: it goes to the node by file.
#
# --explain prints each flag, those of ERL_FLAGS too, with who chose it and why: "yours" and where it
# stands, "kit", "override" (in rel/relboot.toml), "auto" with the fact and the rule, and what is left to
# the VM. Values of the environment are hidden. --json writes a list of objects with the keys flag values
# by place fact rule auto.
#
# --diff prints what a start would change: "- FLAG" is what the running node was started with, "+ FLAG"
# what it would be started with now. Ends with 0 when that is the same, 1 when it differs, 3 when the
# node is not running.
#
# example: NAME vmargs
# example: NAME vmargs --explain

# shellcheck disable=SC2154 # the files of a kit share variables
_boot_core_phases='pre_configure post_configure'

boot_command() {
    _boot_vmargs_what=--print
    _boot_erts_option=
    case ${1:-} in
    --explain)
        _boot_vmargs_what=--explain
        shift
        if [ "${1:-}" = --json ]; then
            _boot_erts_option=--json
            shift
        elif [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
            _boot_erts_ansi=--ansi
        fi
        ;;
    --diff)
        _boot_vmargs_what=--diff
        shift
        ;;
    --json) boot_die "--json goes with --explain" "$_boot_prog vmargs --explain --json" 2 ;;
    esac
    _boot_core_need_helper
    # shellcheck source=/dev/null
    . "$BOOT_DIR/erts.sh"
    _boot_core_continue=: # behind a post_configure hook that ends the shell
    _boot_hooks_phase pre_configure
    (_boot_erts_render "$_boot_vmargs_what" "$@") || return
    _boot_hooks_phase post_configure
}
