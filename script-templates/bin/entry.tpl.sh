#!/bin/sh
# relboot entry: finds this release and its version, then hands over to that version's kit.
# Generated. The kit is in releases/VSN/boot; steps of your own go into plugins/.

# The whole file is one function, read before it runs: it may be replaced while it works.
_boot_entry() {
    _boot_prog=$1
    shift
    _boot_self=$_boot_prog
    while [ -h "$_boot_self" ]; do
        _boot_link=$(readlink "$_boot_self") || _boot_link=
        case $_boot_link in
        '') break ;;
        /*) _boot_self=$_boot_link ;;
        *)
            case $_boot_self in
            */*) _boot_self=${_boot_self%/*}/$_boot_link ;;
            *) _boot_self=$_boot_link ;;
            esac
            ;;
        esac
    done
    # "./" keeps CDPATH out of it.
    case $_boot_self in
    /*) _boot_dir=${_boot_self%/*} ;;
    */*) _boot_dir=./${_boot_self%/*} ;;
    *) _boot_dir=. ;;
    esac
    _boot_cwd=$PWD
    # No "2>/dev/null": where few files may be open, dash would lose standard error by it.
    if ! { [ -x "$_boot_dir/.." ] && cd -P "$_boot_dir/.."; }; then
        printf 'error: cannot enter %s/..\nhelp: call this script by its absolute path\n' "$_boot_dir" >&2
        exit 1
    fi
    # Called from inside another release's node: its variables are not meant for this one.
    if [ -n "${RELEASE_ROOT:-}" ] && [ "$RELEASE_ROOT" != "$PWD" ]; then
        unset RELEASE_NAME RELEASE_VSN RELEASE_NODE RELEASE_COOKIE RELEASE_DISTRIBUTION RELEASE_TMP RELEASE_PROG \
            RELEASE_VM_ARGS RELEASE_SYS_CONFIG RELEASE_BOOT_SCRIPT RELEASE_BOOT_SCRIPT_CLEAN BOOT_STATE_DIR BOOT_LOG_DIR \
            BOOT_INSTANCE
    fi
    RELEASE_ROOT=$PWD
    [ -x "$_boot_cwd" ] || _boot_cwd=/
    cd "$_boot_cwd" || cd /

    if [ -z "${RELEASE_VSN:-}" ]; then
        [ ! -r "$RELEASE_ROOT/releases/start_erl.data" ] ||
            read -r _boot_erts RELEASE_VSN <"$RELEASE_ROOT/releases/start_erl.data" || :
    fi
    BOOT_DIR=$RELEASE_ROOT/releases/${RELEASE_VSN:-}/boot
    if [ -z "${RELEASE_VSN:-}" ] || [ ! -r "$BOOT_DIR/core.sh" ]; then
        printf 'error: %s has no kit for version "%s"\n' "$RELEASE_ROOT" "${RELEASE_VSN:-}" >&2
        printf 'help: check releases/start_erl.data and RELEASE_VSN, or write the kit: relboot generate\n' >&2
        exit 1
    fi
    _boot_name={{ name }}
    RELEASE_NAME=${RELEASE_NAME:-$_boot_name}
    # shellcheck source=/dev/null
    . "$BOOT_DIR/core.sh"
    _boot_core_main "$@"
}

_boot_entry "$0" "$@"
