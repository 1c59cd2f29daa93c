# shellcheck shell=sh
# phase: hooks apart from the command: for the helper, the parent of a node in the foreground, which calls these in a
# new shell, and for hooks that must not change the shell that they run for.

# shellcheck disable=SC2154 # the files of a kit share variables

# FUNCTION DIRECTORY PHASE: all hooks of PHASE; ends with 0, or 6 when one failed
_boot_phase_run() {
    _boot_phase_load "$2"
    # Nothing refuses a signal.
    _boot_hooks_binding=
    _boot_phase_apart "$3" check
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

# PHASE [check]: all its hooks, where what they do to a shell must not reach the caller's. To be called in a
# subshell, which it ends: with 5 when a pre_ hook failed, 6 when another did
_boot_phase_apart() {
    trap - EXIT HUP INT TERM
    _boot_hooks_plain
    _boot_hooks_isolated=yes
    _boot_hooks_sourcing=
    _boot_hooks_within=${_boot_within:-$_boot_hooks_within} # of a hook that has called this
    _boot_hooks_post_failed=
    case $1 in pre_*) ;; *) _boot_hooks_refusal=6 ;; esac
    [ -z "${2:-}" ] || _boot_hooks_check "$1"
    _boot_hooks_phase "$1"
    [ -z "$_boot_hooks_post_failed" ] || exit 6
    exit 0
}

# FILE: sources it in this subshell, and ends it
_boot_phase_isolate() {
    trap '_boot_phase_ended "$?"' EXIT
    _boot_hooks_sourcing=$1
    _boot_hooks_read "$1"
    _boot_hooks_status=$?
    trap - EXIT
    exit "$_boot_hooks_status"
}

# STATUS: a hook has ended its subshell: never a success
_boot_phase_ended() {
    trap - EXIT
    [ "$1" -eq 0 ] || exit "$1"
    boot_warn "$_boot_hooks_sourcing ended with exit 0" 'use "return" in a hook'
    exit 1
}
