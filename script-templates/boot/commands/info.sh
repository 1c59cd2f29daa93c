# shellcheck shell=sh
# info: tell what this release is and where its files are.
#
# usage: NAME info
#
# A line each: key, colon, value. Asks neither the node nor the host.
#
# example: NAME info

# shellcheck disable=SC2154 # the files of a kit share variables

boot_command() {
    _boot_core_no_arguments "$@"
    printf '%s: %s\n' \
        name "$RELEASE_NAME" \
        version "$RELEASE_VSN" \
        kind "$_boot_kind" \
        erts "$_boot_erts_vsn" \
        root "$RELEASE_ROOT" \
        kit "$BOOT_DIR" \
        relboot "$_boot_kit_version" \
        helper "${_boot_helper:-missing}" \
        template "${_boot_template:-none}" \
        state "$BOOT_STATE_DIR" \
        log "$BOOT_LOG_DIR" \
        plugins "$_boot_hooks_n"
}
