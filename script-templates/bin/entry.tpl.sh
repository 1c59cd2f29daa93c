#!/bin/sh
# relboot entry: finds the release and its running version, loads the kit of that version.

_boot_entry() {
    _boot_name={{ name }}
    RELEASE_ROOT=$(CDPATH='' cd -- "${0%/*}/.." && pwd -P) || exit 1
    RELEASE_NAME=${RELEASE_NAME:-$_boot_name}
    read -r _boot_erts_vsn RELEASE_VSN <"$RELEASE_ROOT/releases/start_erl.data" || [ -n "$RELEASE_VSN" ] || exit 1
    BOOT_DIR=$RELEASE_ROOT/releases/$RELEASE_VSN/boot
    export RELEASE_ROOT RELEASE_NAME RELEASE_VSN BOOT_DIR
    if [ ! -r "$BOOT_DIR/settings.sh" ]; then
        printf 'error: %s: no kit for version %s\n' "$BOOT_DIR" "$RELEASE_VSN" >&2
        exit 1
    fi
    . "$BOOT_DIR/settings.sh"
    exec "$BOOT_DIR/relboot-helper" "$@"
}

_boot_entry "$@"
