# shellcheck shell=sh
# phase: the hooks around a node in the foreground, for the helper, which is its parent and calls these in a new shell.

# shellcheck disable=SC2154 # the files of a kit share variables

# FUNCTION DIRECTORY PHASE: all hooks of PHASE; ends with 0, or 6 when one failed
_boot_phase_run() {
    _boot_phase_load "$2"
    # Nothing refuses a signal.
    _boot_hooks_binding=
    _boot_hooks_apart "$3" check
}

# FUNCTION DIRECTORY STATUS [FAILED]: what comes after the command; ends as the command does
_boot_phase_end() {
    _boot_phase_load "$2"
    _boot_hooks_post_failed=${4:-}
    _boot_hooks_refusal=6
    _boot_core_traps
    _boot_hooks_check "post_$BOOT_COMMAND" "failed_$BOOT_COMMAND" failed
    _boot_core_end "$3"
}

# DIRECTORY: of the kit that is to run them: not the first one's after an upgrade
_boot_phase_load() {
    _boot_prog=$BOOT_PROG
    _boot_core_dir=$1
    # shellcheck source=/dev/null
    . "$1/core.sh"
    _boot_core_load
    _boot_hooks_find
}
