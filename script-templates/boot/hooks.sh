# shellcheck shell=sh
# hooks: finds the plugins and runs their hooks; holds sourced hooks to the contract.

_boot_hooks_n=0          # number of plugins
_boot_hooks_sourcing=    # the hook being sourced: the EXIT trap finds here who ended the shell
_boot_hooks_isolated=    # set once a hook has ended the shell: later ones are sourced in subshells
_boot_hooks_post_failed= # set when a post hook failed
_boot_hooks_after=       # set when there are hooks to run after the command

# looks for plugins: _boot_plugin_1.. in byte order of their names, the first of a name wins
_boot_hooks_find() {
    _boot_hooks_n=0
    _boot_hooks_seen=/
    _boot_hooks_sorted=yes
    _boot_hooks_locale=${LC_ALL-unset}
    LC_ALL=C # byte order
    _boot_hooks_find_in "$RELEASE_ROOT/plugins"
    _boot_hooks_find_in "$BOOT_DIR/plugins"
    _boot_hooks_rest=${BOOT_PLUGINS_PATH:-}
    while [ -n "$_boot_hooks_rest" ]; do
        _boot_hooks_find_in "${_boot_hooks_rest%%:*}"
        case $_boot_hooks_rest in
        *:*) _boot_hooks_rest=${_boot_hooks_rest#*:} ;;
        *) _boot_hooks_rest= ;;
        esac
    done
    case $_boot_hooks_locale in
    unset) unset LC_ALL ;;
    *) LC_ALL=$_boot_hooks_locale ;;
    esac
}

# DIRECTORY: adds its plugins; the first directory's are sorted by the shell, later ones are put in place
_boot_hooks_find_in() {
    [ -n "$1" ] || return 0
    for _boot_hooks_path in "$1"/*/; do
        _boot_hooks_path=${_boot_hooks_path%/}
        _boot_hooks_name=${_boot_hooks_path##*/}
        [ -d "$_boot_hooks_path" ] || continue
        case $_boot_hooks_name in *.off) continue ;; esac
        case ",${BOOT_PLUGINS_OFF:-}," in *[,:\ ]"$_boot_hooks_name"[,:\ ]*) continue ;; esac
        case $_boot_hooks_seen in */"$_boot_hooks_name"/*) continue ;; esac
        _boot_hooks_seen=$_boot_hooks_seen$_boot_hooks_name/
        _boot_hooks_n=$((_boot_hooks_n + 1))
        eval "_boot_plugin_$_boot_hooks_n=\$_boot_hooks_path"
        [ -n "$_boot_hooks_sorted" ] || _boot_hooks_sink "$_boot_hooks_n"
    done
    [ "$_boot_hooks_n" -eq 0 ] || _boot_hooks_sorted=
}

# N: moves plugin N down to its place among the sorted ones before it
_boot_hooks_sink() {
    while [ "$1" -gt 1 ]; do
        set -- "$1" "$(($1 - 1))"
        eval "_boot_hooks_below=\$_boot_plugin_$2 _boot_hooks_path=\$_boot_plugin_$1"
        # shellcheck disable=SC3012 # in POSIX since 2024, and in all seven shells before
        [ "${_boot_hooks_path##*/}" \< "${_boot_hooks_below##*/}" ] || return 0
        eval "_boot_plugin_$1=\$_boot_hooks_below _boot_plugin_$2=\$_boot_hooks_path"
        shift
    done
}

# PHASE...: looks which hooks of these phases there are, and refuses to go on when others could have
# written one: one process for all of them, none where there are none
_boot_hooks_check() {
    _boot_hooks_i=0
    _boot_hooks_phases=" $* "
    set --
    while [ "$_boot_hooks_i" -lt "$_boot_hooks_n" ]; do
        _boot_hooks_i=$((_boot_hooks_i + 1))
        eval "_boot_hooks_path=\$_boot_plugin_$_boot_hooks_i"
        # One look at the directory costs less than a look for each phase; it finds dangling links too.
        for _boot_hooks_path in "$_boot_hooks_path"/*; do
            _boot_hooks_name=${_boot_hooks_path##*/}
            case $_boot_hooks_phases in *" $_boot_hooks_name "*) ;; *) continue ;; esac
            case $_boot_hooks_name in
            "pre_$BOOT_COMMAND" | pre_start | *_configure) ;;
            *) _boot_hooks_after=yes ;;
            esac
            [ ! -f "$_boot_hooks_path" ] || set -- "$@" "$_boot_hooks_path"
        done
    done
    [ $# -eq 0 ] || _boot_hooks_trust "$@"
}

# FILE...: ends the shell with status 5 (6 once the command has been done) when others than its owner or root can write one
_boot_hooks_trust() {
    # Hooks will be sourced; this is what only another process can tell for putting it back afterwards.
    _boot_hooks_umask=$(umask)
    if [ -n "$_boot_helper" ]; then
        "$_boot_helper" hook-check "$@"
        case $? in
        0) return 0 ;;
        5) exit "${_boot_hooks_refusal:-5}" ;;
        esac
    fi
    _boot_hooks_open=$(find -L "$@" \( -perm -020 -o -perm -002 \) -print) || _boot_hooks_open=$*
    [ -z "$_boot_hooks_open" ] ||
        boot_die "others can write these hooks: $_boot_hooks_open" "chmod go-w them, once you know what is in them" "${_boot_hooks_refusal:-5}"
}

# PHASE: all plugins' hooks of it, in order; a failing pre_ hook ends the shell with status 5
_boot_hooks_phase() {
    _boot_hooks_from "$1" 1
}

# PHASE N: the hooks of a phase from plugin N on
_boot_hooks_from() {
    while [ "$2" -le "$_boot_hooks_n" ]; do
        eval "_boot_hooks_path=\$_boot_plugin_$2"
        if [ -e "$_boot_hooks_path/$1" ] || [ -h "$_boot_hooks_path/$1" ]; then
            _boot_hooks_next=$(($2 + 1))
            _boot_hooks_run "$_boot_hooks_path" "$1"
            [ "$_boot_hooks_status" -eq 0 ] || _boot_hooks_failed "$BOOT_PLUGIN_DIR" "$1" "$_boot_hooks_status"
        fi
        set -- "$1" "$(($2 + 1))"
    done
}

# PLUGIN PHASE STATUS: tells of a failed hook; ends the shell when it was a pre_ hook
_boot_hooks_failed() {
    case $2 in
    pre_*)
        boot_die "plugin ${1##*/}: $2 failed with status $3, so ${2#pre_} was not done ($1/$2)" \
            "mend the hook, or switch the plugin off: BOOT_PLUGINS_OFF=${1##*/}" 5
        ;;
    *)
        boot_warn "plugin ${1##*/}: $2 failed with status $3 ($1/$2)"
        case $2 in post_*) _boot_hooks_post_failed=yes ;; esac
        ;;
    esac
}

# PLUGIN PHASE: runs one hook; its status is in _boot_hooks_status
_boot_hooks_run() {
    BOOT_PLUGIN=${1##*/} BOOT_PLUGIN_DIR=$1 BOOT_PHASE=$2
    export BOOT_PLUGIN BOOT_PLUGIN_DIR BOOT_PHASE
    _boot_hooks_status=126
    if [ ! -f "$1/$2" ] || [ ! -r "$1/$2" ]; then
        boot_warn "$1/$2 cannot be read"
        return 0
    fi
    boot_debug "$2 of $1"
    _boot_hooks_line=
    IFS= read -r _boot_hooks_line <"$1/$2" || :
    case $_boot_hooks_line in
    '#!'*/sh | '#!'*/sh\ * | '#!'*/env\ sh | '#!'*/env\ sh\ *) _boot_hooks_source "$1/$2" ;;
    '#!'* | ?ELF*)
        if [ -x "$1/$2" ]; then
            _boot_hooks_execute "$1/$2"
        else
            boot_warn "$1/$2 is a program, but not executable" "chmod +x '$1/$2'"
        fi
        ;;
    *) _boot_hooks_source "$1/$2" ;;
    esac
}

# FILE: sources it in the core, puts back what it may have changed
_boot_hooks_source() {
    _boot_hooks_cwd=$PWD
    if [ -n "$_boot_hooks_isolated" ]; then
        (_boot_hooks_read "$1")
        _boot_hooks_status=$?
        return 0
    fi
    _boot_hooks_sourcing=$1
    # Not in a condition: a hook's own "set -e" has to work.
    _boot_hooks_read "$1"
    _boot_hooks_status=$?
    _boot_hooks_restore
}

# FILE: a function of its own, so that "set --" in the hook changes nobody's arguments
_boot_hooks_read() {
    # shellcheck source=/dev/null
    . "$1"
}

_boot_hooks_restore() {
    set +aefu
    [ -n "${BOOT_TRACE:-}" ] || set +x
    _boot_hooks_sourcing=
    IFS='
 	' # newline, space, tab
    umask "$_boot_hooks_umask"
    [ "$PWD" = "$_boot_hooks_cwd" ] || cd "$_boot_hooks_cwd" 2>/dev/null || cd /
    _boot_core_traps
}

# FILE: executes it under a time limit; lines KEY=VALUE that it writes to $BOOT_ENV_FILE are exported
_boot_hooks_execute() {
    if [ -z "$_boot_helper" ]; then
        boot_warn "the helper is missing: $1 has no time limit, and what it writes to BOOT_ENV_FILE is lost"
        BOOT_ENV_FILE=/dev/null "$1"
        _boot_hooks_status=$?
        return 0
    fi
    # The hook's output goes to where ours goes; what it exports comes back through the substitution.
    {
        _boot_hooks_exports=$("$_boot_helper" hook --timeout "$_boot_hook_timeout" "$1" 0>&3 3>&-)
        _boot_hooks_status=$?
    } 3>&1
    eval "$_boot_hooks_exports"
}

# STATUS: a sourced hook has ended the shell; called from the EXIT trap, goes on where the core can
_boot_hooks_ended_shell() {
    _boot_hooks_restore
    _boot_hooks_isolated=yes
    _boot_hooks_phase_now=$BOOT_PHASE
    case $BOOT_PHASE in
    pre_*)
        printf 'error: plugin %s: %s ended with exit %s, so %s was not done (%s)\n' "$BOOT_PLUGIN" "$BOOT_PHASE" \
            "$1" "${BOOT_PHASE#pre_}" "$BOOT_PLUGIN_DIR/$BOOT_PHASE" >&2
        printf 'help: %s\n' "use \"return\" in a hook, mend it, or switch the plugin off: BOOT_PLUGINS_OFF=$BOOT_PLUGIN" >&2
        _boot_core_end 5
        ;;
    esac
    boot_warn "plugin $BOOT_PLUGIN: $BOOT_PHASE ended with exit $1 ($BOOT_PLUGIN_DIR/$BOOT_PHASE)" \
        'use "return" in a hook'
    case $BOOT_PHASE in post_*) _boot_hooks_post_failed=yes ;; esac
    _boot_hooks_from "$_boot_hooks_phase_now" "$_boot_hooks_next"
    _boot_core_resume "$_boot_hooks_phase_now"
}
