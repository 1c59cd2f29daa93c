# shellcheck shell=sh
# hooks: finds the plugins and runs their hooks; holds sourced hooks to the contract.

# shellcheck disable=SC2154 # the files of a kit share variables

_boot_hooks_n=0          # number of plugins
_boot_hooks_sourcing=    # the hook being sourced: the EXIT trap finds here who ended the shell
_boot_hooks_isolated=    # set where a hook must not end the shell: each is sourced in a subshell of its own
_boot_hooks_binding=yes  # a failing pre_ hook stops what it stands before; empty: it can't, it is reported
_boot_hooks_post_failed= # set when a post hook failed
_boot_hooks_after=       # set when there are hooks to run after the command
_boot_hooks_umask=       # the umask before the first hook
_boot_hooks_have='*'     # the phases that some plugin has a hook for, between spaces; "*": nobody has looked
_boot_hooks_special='*'  # hooks that are more than a plain file to source, a line each; "*": nobody has looked
# The hooks that have called this command, a line "PHASE PID START STATE-DIRECTORY" each. In the environment only while
# a hook runs: it is for the commands that it calls.
_boot_hooks_within=${_boot_within:-}
unset _boot_within

# looks for plugins: _boot_plugin_1.. in byte order of their names, the first of a name wins
_boot_hooks_find() {
    _boot_hooks_n=0
    _boot_hooks_dirs=0
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

# DIRECTORY: adds its plugins; the first directory's are sorted by the shell, later ones are put in place.
# Directories that have any are kept as _boot_hooks_dir_1..
_boot_hooks_find_in() {
    [ -n "$1" ] || return 0
    _boot_hooks_count=$_boot_hooks_n
    # Not "*/": "a-b/" comes before "a/", as "-" comes before "/".
    for _boot_hooks_path in "$1"/*; do
        _boot_hooks_name=${_boot_hooks_path##*/}
        [ -d "$_boot_hooks_path" ] || continue
        case "$_boot_hooks_name/,${BOOT_PLUGINS_OFF:-}," in
        *.off/,* | */*[,:\ ]"$_boot_hooks_name"[,:\ ]*) continue ;;
        esac
        if [ -z "$_boot_hooks_sorted" ]; then
            case $_boot_hooks_seen in */"$_boot_hooks_name"/*) continue ;; esac
        fi
        _boot_hooks_seen=$_boot_hooks_seen$_boot_hooks_name/
        _boot_hooks_n=$((_boot_hooks_n + 1))
        eval "_boot_plugin_$_boot_hooks_n=\$_boot_hooks_path"
        [ -n "$_boot_hooks_sorted" ] || _boot_hooks_sink "$_boot_hooks_n"
    done
    [ "$_boot_hooks_n" -gt "$_boot_hooks_count" ] || return 0
    _boot_hooks_sorted=
    _boot_hooks_dirs=$((_boot_hooks_dirs + 1))
    eval "_boot_hooks_dir_$_boot_hooks_dirs=\$1"
}

# N: moves plugin N down to its place among the sorted ones before it
_boot_hooks_sink() {
    while [ "$1" -gt 1 ]; do
        set -- "$1" "$(($1 - 1))"
        eval "_boot_hooks_below=\$_boot_plugin_$2 _boot_hooks_path=\$_boot_plugin_$1"
        _boot_hooks_before "${_boot_hooks_path##*/}" "${_boot_hooks_below##*/}" || return 0
        eval "_boot_plugin_$1=\$_boot_hooks_below _boot_plugin_$2=\$_boot_hooks_path"
        shift
    done
}

# A B: whether A sorts before B
_boot_hooks_before() {
    if [ -n "${ZSH_VERSION:-}" ]; then
        # The one shell whose "[" has no "<".
        eval '[[ $1 < $2 ]]'
        return
    fi
    # shellcheck disable=SC3012 # in POSIX since 2024, and in the other shells before
    [ "$1" \< "$2" ]
}

# PHASE...: looks which of these phases have hooks, and refuses to go on when others could have written
# one: one process for all of them, none where there are none. By globs, as a look into each of many plugins
# costs more than all the rest.
_boot_hooks_check() {
    _boot_hooks_have=${_boot_hooks_have#\*}
    _boot_hooks_globs=
    _boot_hooks_d=0
    while [ "$_boot_hooks_d" -lt "$_boot_hooks_dirs" ]; do
        _boot_hooks_d=$((_boot_hooks_d + 1))
        eval "_boot_hooks_dir=\$_boot_hooks_dir_$_boot_hooks_d"
        for _boot_hooks_name in "$@"; do
            # yash's globs do not find a dangling link by its whole name.
            # shellcheck disable=SC2231 # a star, or nothing
            for _boot_hooks_path in "$_boot_hooks_dir"/*/"$_boot_hooks_name"${YASH_VERSION:+*}; do
                [ -e "$_boot_hooks_path" ] || [ -h "$_boot_hooks_path" ] || break
                _boot_hooks_globs="$_boot_hooks_globs \"\$_boot_hooks_dir_$_boot_hooks_d\"/*/$_boot_hooks_name"
                _boot_hooks_have="$_boot_hooks_have $_boot_hooks_name "
                case $_boot_hooks_name in
                "pre_$BOOT_COMMAND" | pre_start | *_configure) ;;
                *) _boot_hooks_after=yes ;;
                esac
                break
            done
        done
    done
    [ -z "$_boot_hooks_globs" ] || eval "_boot_hooks_trust $_boot_hooks_globs"
}

# FILE...: ends the shell with status 5 (6 once the command has been done) when others than its owner or root can write one
_boot_hooks_trust() {
    if [ -n "$_boot_helper" ]; then
        # It also says what the shell would have to look into each file for, or ask another process: see there.
        _boot_hooks_told=$("$_boot_helper" hook-check --off "${BOOT_PLUGINS_OFF:-}" -- "$@")
        case $? in
        0)
            _boot_hooks_special=${_boot_hooks_special#\*}
            eval "$_boot_hooks_told"
            return 0
            ;;
        5) _boot_hooks_refuse ;;
        esac
    fi
    [ -n "$_boot_hooks_umask" ] || _boot_hooks_umask=$(umask)
    for _boot_hooks_path in "$@"; do
        shift
        [ ! -f "$_boot_hooks_path" ] ||
            set -- "$@" "$_boot_hooks_path" "${_boot_hooks_path%/*}" "${_boot_hooks_path%/*/*}"
    done
    [ $# -gt 0 ] || return 0
    _boot_hooks_open=$(find -L "$@" -prune \( -perm -020 -o -perm -002 \) -print) ||
        _boot_hooks_open=$*
    [ -n "$_boot_hooks_open" ] || return 0
    printf 'error: others can write these, so they are not used: %s\nhelp: %s\n' "$_boot_hooks_open" \
        "chmod go-w them, once you know what is in them" >&2
    _boot_hooks_refuse
}

# ends the shell, and runs no hook any more: the ones that others can write may be among those that come now
_boot_hooks_refuse() {
    _boot_hooks_n=0
    _boot_hooks_after=
    exit "${_boot_hooks_refusal:-5}"
}

# PHASE: all plugins' hooks of it, in order; a failing pre_ hook ends the shell with status 5
_boot_hooks_phase() {
    _boot_hooks_from "$1" 1
}

# PHASE N: the hooks of a phase from plugin N on
_boot_hooks_from() {
    case $_boot_hooks_have in
    '*' | *" $1 "*) ;;
    *) return 0 ;;
    esac
    if [ -n "$_boot_hooks_within" ]; then
        # shellcheck source=/dev/null
        . "$_boot_core_dir/within.sh"
        _boot_within_refuse "$1"
        # What fails in a hook that is told of failures is not told to it again.
        ! _boot_within_holds "$1" || return 0
    fi
    _boot_hooks_next=$2
    while [ "$_boot_hooks_next" -le "$_boot_hooks_n" ]; do
        eval "_boot_hooks_path=\$_boot_plugin_$_boot_hooks_next"
        _boot_hooks_next=$((_boot_hooks_next + 1))
        # Each command here is paid for by every hook.
        if [ -f "$_boot_hooks_path/$1" ]; then
            _boot_hooks_run "$_boot_hooks_path" "$1"
        elif [ -e "$_boot_hooks_path/$1" ] || [ -h "$_boot_hooks_path/$1" ]; then
            _boot_hooks_unreadable "$_boot_hooks_path/$1"
        else
            continue
        fi
        if [ "$_boot_hooks_status" -ne 0 ]; then
            eval "_boot_hooks_path=\$_boot_plugin_$((_boot_hooks_next - 1))"
            _boot_hooks_failed "$_boot_hooks_path/$1" "failed with status $_boot_hooks_status" || exit 5
        fi
    done
}

# FILE WHAT: tells of a failed hook, for WHAT is "failed with status N" or "ended with exit N"; status 5 when
# that stops what comes next
_boot_hooks_failed() {
    set -- "${1%/*}" "${1##*/}" "$2" "$1"
    case $2:$_boot_hooks_binding in
    pre_*:yes)
        printf 'error: plugin %s: %s %s, so %s was not done (%s)\nhelp: %s\n' "${1##*/}" "$2" "$3" "${2#pre_}" "$4" \
            "mend the hook, or switch the plugin off: BOOT_PLUGINS_OFF=${1##*/}" >&2
        return 5
        ;;
    esac
    boot_warn "plugin ${1##*/}: $2 $3 ($4)"
    case $2 in failed*) ;; *) _boot_hooks_post_failed=yes ;; esac
}

# PLUGIN PHASE: runs one hook; its status is in _boot_hooks_status
_boot_hooks_run() {
    export BOOT_PLUGIN="${1##*/}" BOOT_PLUGIN_DIR="$1" BOOT_PHASE="$2"
    [ -z "${BOOT_DEBUG:-}" ] || boot_debug "$2 of $1"
    _boot_hooks_options=
    if [ -z "${_boot_hooks_since:-}" ]; then
        _boot_core_is_alive "$$" 0 || :
        _boot_hooks_since=$_boot_core_since
    fi
    _boot_within="$2 $$ $_boot_hooks_since $BOOT_STATE_DIR
$_boot_hooks_within"
    export _boot_within
    case $_boot_hooks_special in
    \** | *"
$1/$2
"*) _boot_hooks_look "$1/$2" ;;
    *) _boot_hooks_source "$1/$2" ;;
    esac
    unset _boot_within
}

# FILE: a hook that may be anything: a script for sh with options, a program, or what can't be read
_boot_hooks_look() {
    if [ ! -r "$1" ]; then
        _boot_hooks_unreadable "$1"
        return 0
    fi
    IFS= read -r _boot_hooks_line <"$1" || :
    case $_boot_hooks_line in
    '#!'*/sh | '#!'*/env\ sh) _boot_hooks_source "$1" ;;
    '#!'*/sh\ * | '#!'*/env\ sh\ *)
        # The options of "#!/bin/sh -eu" are part of what its author wrote.
        case $_boot_hooks_line in
        *sh\ -*[!aCefuvx]*) ;;
        *sh\ -*) _boot_hooks_options=${_boot_hooks_line#*sh -} ;;
        esac
        _boot_hooks_source "$1"
        ;;
    '#!'* | ?ELF*) _boot_hooks_program "$1" ;;
    *) _boot_hooks_source "$1" ;;
    esac
}

# FILE
_boot_hooks_unreadable() {
    boot_warn "$1 cannot be read"
    _boot_hooks_status=126
}

# FILE: one that names another interpreter, or a binary
_boot_hooks_program() {
    if [ -x "$1" ]; then
        _boot_hooks_execute "$1"
    else
        boot_warn "$1 is a program, but not executable" "chmod +x '$1'"
        _boot_hooks_status=126
    fi
}

# FILE: sources it in the core, puts back what it may have changed
_boot_hooks_source() {
    if [ -n "$_boot_hooks_isolated" ]; then
        # Not in a condition, here and below: a hook's own "set -e" has to work.
        (_boot_phase_isolate "$1")
        _boot_hooks_status=$?
        return 0
    fi
    _boot_hooks_cwd=$PWD
    _boot_hooks_sourcing=$1
    _boot_hooks_read "$1"
    _boot_hooks_status=$?
    _boot_hooks_restore
}

# FILE: a function of its own, so that "set --" in the hook changes nobody's arguments
_boot_hooks_read() {
    [ -z "$_boot_hooks_options" ] || set "-$_boot_hooks_options"
    # shellcheck source=/dev/null
    . "$1"
}

_boot_hooks_restore() {
    unset _boot_within
    _boot_hooks_plain
    _boot_hooks_sourcing=
    umask "$_boot_hooks_umask"
    [ "$PWD" = "$_boot_hooks_cwd" ] || cd "$_boot_hooks_cwd" 2>/dev/null || cd /
    _boot_core_traps
}

# options and IFS as a shell has them at its start
_boot_hooks_plain() {
    set +aCefuv
    [ -n "${BOOT_TRACE:-}" ] || set +x
    IFS=' 	
'
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
    set -- "$1" "$_boot_hooks_sourcing"
    _boot_hooks_restore
    trap - EXIT HUP INT TERM
    _boot_hooks_failed "$2" "ended with exit $1"
    case $?:${2##*/}:$_boot_core_signal in
    5:*) _boot_core_go_on "failed_$BOOT_COMMAND" 1 5 ;;
    # Somebody wants this to end, and there is no node yet.
    *:post_configure:?*) _boot_core_go_on "failed_$BOOT_COMMAND" 1 "$1" ;;
    *) _boot_core_go_on "${2##*/}" "$_boot_hooks_next" "${_boot_core_status:-0}" ;;
    esac
}
