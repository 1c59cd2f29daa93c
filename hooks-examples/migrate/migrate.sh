# shellcheck shell=sh
# migrate: runs the migrations of one version of the release; pre_start and pre_upgrade read it.
#
# MIGRATE_COMMAND  a command line for sh, run in the release's root with MIGRATE_VSN set; or
# MIGRATE_EVAL     an expression (Elixir where the release has it, else Erlang), evaluated in a VM of its own
#                  that has the version's code and configuration, and none of its applications started

# VERSION: what is printed is no result of the command, so it goes to standard error
migrate_to() {
    if [ -n "${MIGRATE_COMMAND:-}" ]; then
        boot_info "migrating for $RELEASE_NAME $1 (MIGRATE_COMMAND)"
        (cd "$RELEASE_ROOT" && MIGRATE_VSN=$1 exec sh -c "$MIGRATE_COMMAND") >&2
    elif [ -n "${MIGRATE_EVAL:-}" ]; then
        boot_info "migrating for $RELEASE_NAME $1 (MIGRATE_EVAL)"
        migrate_eval "$1" >&2
    else
        boot_debug "migrate: neither MIGRATE_COMMAND nor MIGRATE_EVAL is set"
    fi
}

# The new version's migrations come with its code, so that has to be unpacked first. Unpacking changes
# nothing for the running node, and "upgrade" would do it next.
migrate_before_upgrade() {
    case ${BOOT_TARGET_VSN:-} in
    '' | */*) return 0 ;; # wrong usage: the command itself says so
    esac
    if [ ! -e "$RELEASE_ROOT/releases/$BOOT_TARGET_VSN/boot" ]; then
        "$RELEASE_ROOT/bin/$RELEASE_NAME" unpack "$BOOT_TARGET_VSN" >&2 || return
    fi
    migrate_to "$BOOT_TARGET_VSN"
}

# VERSION: by that version's own scripts, in a VM of its own whatever "eval" means by default
migrate_eval() {
    RELEASE_VSN=$1 "$RELEASE_ROOT/bin/$RELEASE_NAME" eval --vm -- "$MIGRATE_EVAL" </dev/null
}
