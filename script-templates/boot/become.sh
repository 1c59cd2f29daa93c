# shellcheck shell=sh
# become: root becomes the user who is to run the release.

# shellcheck disable=SC2154,SC2034 # the files of a kit share variables; fields that are read past

# [COMMAND [ARG...]]: called by root, all begins anew as the user of [run], before anything of his is touched
_boot_become_user() {
    [ "$_boot_user" != root ] || return 0
    _boot_become_uid=
    if [ -r /proc/self/status ]; then
        while read -r _boot_become_key _boot_become_real _boot_become_uid _boot_become_rest; do
            [ "$_boot_become_key" != Uid: ] || break
        done </proc/self/status
    else
        _boot_become_uid=$(id -u)
    fi
    [ "$_boot_become_uid" = 0 ] || return 0
    [ -n "$_boot_helper" ] || boot_die "$BOOT_DIR/relboot-helper is missing, without which root does not become $_boot_user" \
        "write the kit again (relboot generate), or: sudo -u $_boot_user $_boot_prog ..." 4
    # Not as it was typed: he may not be able to go that way.
    exec "$_boot_helper" run-as "$_boot_user" -- /bin/sh "$RELEASE_ROOT/bin/$_boot_name" "$@"
}
