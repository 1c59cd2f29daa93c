# shellcheck shell=sh
# state: where the instance's state directory is.

# shellcheck disable=SC2034,SC2154 # the files of a kit share variables

# The instance's state directory: where a node has left its record and lives; else, for a start, the first
# place that can be written, and for the others one with a record. They have to find it without the
# environment of the start.
_boot_state_find() {
    _boot_instance=${BOOT_INSTANCE:-${RELEASE_NODE:-$RELEASE_NAME}}
    # It becomes a directory's name.
    case $_boot_instance in
    . | .. | */* | *'
'*) boot_die "an instance can't be named \"$_boot_instance\": no slash, no newline, neither . nor .." \
        "set BOOT_INSTANCE, or RELEASE_NODE, to a name such as $RELEASE_NAME-2" 2 ;;
    esac
    _boot_state_usable=
    _boot_state_recorded=
    _boot_state_closed=
    _boot_state_runtime=${RUNTIME_DIRECTORY:-} # systemd's: one or more, separated by colons
    # Directories for the run are taken before the release's own where somebody has made one for this release; after
    # it, where the release can't be written, they are made.
    _boot_state_user=${XDG_RUNTIME_DIR:+$XDG_RUNTIME_DIR/$RELEASE_NAME}
    _boot_state_run=/run/$RELEASE_NAME
    # A variable of its own: yash keeps it to the function.
    for _boot_state_base in "${RELEASE_TMP:-}" "${_boot_state_runtime%%:*}" "${_boot_state_user:+$_boot_state_user/.}" \
        "$_boot_state_run/." "$RELEASE_ROOT/tmp" "$_boot_state_user" "$_boot_state_run"; do
        case $_boot_state_base in
        */.)
            [ -d "$_boot_state_base" ] || continue
            _boot_state_base=${_boot_state_base%/.}
            ;;
        esac
        [ -n "$_boot_state_base" ] || continue
        BOOT_STATE_DIR=$_boot_state_base/$_boot_instance
        _boot_state_absolute
        if [ -e "$BOOT_STATE_DIR/node" ]; then
            _boot_state_recorded=${_boot_state_recorded:-$BOOT_STATE_DIR}
            _boot_state_pid=
            [ ! -f "$BOOT_STATE_DIR/pid" ] || [ ! -r "$BOOT_STATE_DIR/pid" ] || read -r _boot_state_pid _boot_state_start <"$BOOT_STATE_DIR/pid" || :
            ! _boot_core_is_alive "${_boot_state_pid:-none}" "${_boot_state_start:-}" || return 0
        elif _boot_state_is_closed "$_boot_state_base" || _boot_state_is_closed "$BOOT_STATE_DIR"; then
            _boot_state_closed=${_boot_state_closed:-$BOOT_STATE_DIR}
        fi
        [ -n "$_boot_state_usable" ] || _boot_state_see_usable
    done
    case $BOOT_COMMAND in
    start | foreground | console) BOOT_STATE_DIR=${_boot_state_usable:-$_boot_state_recorded} ;;
    *) BOOT_STATE_DIR=${_boot_state_recorded:-${_boot_state_closed:-$_boot_state_usable}} ;;
    esac
    BOOT_STATE_DIR=${BOOT_STATE_DIR:-$RELEASE_ROOT/tmp/$_boot_instance}
}

# DIRECTORY: whether it is another user's, who alone knows what is in it
_boot_state_is_closed() {
    [ -d "$1" ] && [ ! -x "$1" ]
}

# sets _boot_state_usable when BOOT_STATE_DIR, or what of its path is there, can be written
_boot_state_see_usable() {
    _boot_state_up=$BOOT_STATE_DIR
    while [ -n "$_boot_state_up" ] && [ ! -e "$_boot_state_up" ]; do
        _boot_state_up=${_boot_state_up%/*}
    done
    [ ! -w "${_boot_state_up:-/}" ] || _boot_state_usable=$BOOT_STATE_DIR
}

# Other commands are called from other directories.
_boot_state_absolute() {
    case $BOOT_STATE_DIR in
    /*) ;;
    *) BOOT_STATE_DIR=$PWD/$BOOT_STATE_DIR ;;
    esac
}
