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
