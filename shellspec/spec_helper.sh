# shellcheck shell=sh
# spec_helper: what all specs have: the sources' directory, a directory of their own that is gone afterwards.

SOURCES=$SHELLSPEC_PROJECT_ROOT/script-templates

# sets SCRATCH: a path that scripts stumble over
make_scratch() {
    SCRATCH=$SHELLSPEC_TMPBASE/"it's a \$HOME dir"
    mkdir -p "$SCRATCH"
}

remove_scratch() {
    rm -rf "$SCRATCH"
}

# FILE [LINE...]: writes the lines to a file below SCRATCH, and the folders above it
put() {
    put_file=$SCRATCH/$1
    shift
    mkdir -p "${put_file%/*}"
    [ $# -eq 0 ] || printf '%s\n' "$@" >"$put_file"
}

# what the other files would have set
fake_core() {
    RELEASE_NAME=demo RELEASE_VSN=0.1.0 RELEASE_PROG=demo RELEASE_ROOT=$SCRATCH BOOT_DIR=$SCRATCH/releases/0.1.0/boot
    BOOT_COMMAND=ping BOOT_PHASE='' BOOT_PLUGIN='' BOOT_PLUGIN_DIR='' _boot_helper='' _boot_prog=demo _boot_core_dir=$BOOT_DIR
    _boot_hook_timeout=60 _boot_kind=relx _boot_elixir=''
}

# [LINE...]: a helper that notes what it was called with in the file "calls" beside it, and does as the lines say
fake_helper() {
    put releases/0.1.0/boot/relboot-helper '#!/bin/sh' 'printf "%s\n" "$*" >>"${0%/*}/calls"' "$@"
    _boot_helper=$BOOT_DIR/relboot-helper
    chmod +x "$_boot_helper"
}

# a kit with the sources' scripts, and settings as fake_core has them
fake_kit() {
    mkdir -p "$BOOT_DIR"
    cp -R "$SOURCES"/boot/*.sh "$SOURCES/boot/commands" "$BOOT_DIR"
    put releases/0.1.0/boot/settings.sh "_boot_kind=relx _boot_name=demo _boot_user='' _boot_hook_timeout=60" \
        '_boot_start_timeout=60 _boot_stop_timeout=60 _boot_stop_kill=yes _boot_stop_dump='
    unset BOOT_PLUGINS_OFF BOOT_PLUGINS_PATH BOOT_LOCK _boot_lock
}
