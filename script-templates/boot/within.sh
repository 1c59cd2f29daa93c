# shellcheck shell=sh
# within: keeps a hook from calling the command that runs it, which would do so without end.

# shellcheck disable=SC2154 # the files of a kit share variables

# PHASE: whether one of its hooks has called this command, and still runs
_boot_within_holds() {
    _boot_within_rest=$_boot_hooks_within
    while [ -n "$_boot_within_rest" ]; do
        _boot_within_line=${_boot_within_rest%%"
"*}
        _boot_within_rest=${_boot_within_rest#*"
"}
        case $_boot_within_line in
        "$1 "*" $BOOT_STATE_DIR")
            # shellcheck disable=SC2086 # words, to be split
            set -- "$1" $_boot_within_line
            # Without /proc nothing tells a number that came again.
            if [ "$4" = 0 ]; then
                ! kill -0 "$3" 2>/dev/null || return 0
            else
                ! _boot_core_is_alive "$3" "$4" || return 0
            fi
            ;;
        esac
    done
    return 1
}

# PHASE...: ends the shell where one of these would run a hook again that has called this command. That
# of a failure is not run again, but refuses nothing.
_boot_within_refuse() {
    for _boot_within_phase in "$@"; do
        case $_boot_within_phase in failed*) continue ;; esac
        ! _boot_within_holds "$_boot_within_phase" ||
            boot_die "$BOOT_COMMAND runs the hooks $_boot_within_phase, so a hook $_boot_within_phase can't call it" \
                "to run it without these: BOOT_PLUGINS_OFF=${BOOT_PLUGIN:-PLUGIN} $_boot_prog $BOOT_COMMAND" 2
    done
}
