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
        (migrate_eval "$1") >&2
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

# VERSION: in a subshell, it exports what is meant for that VM only
migrate_eval() {
    migrate_dir=$RELEASE_ROOT/releases/$1
    migrate_find_rel || exit
    migrate_find_erts || exit
    MIGRATE_REL=$migrate_rel
    RELEASE_VSN=$1 RELEASE_COMMAND=eval RELEASE_DISTRIBUTION=none
    RELEASE_SYS_CONFIG=${RELEASE_SYS_CONFIG:-$migrate_dir/sys}
    ROOTDIR=$RELEASE_ROOT EMU=beam PROGNAME=erl
    # What the environment has for the node (a name, a port) is not meant for a second VM beside it.
    ERL_FLAGS='' ERL_AFLAGS='' ERL_ZFLAGS='' ERL_CRASH_DUMP_SECONDS=0
    export MIGRATE_REL MIGRATE_EVAL RELEASE_ROOT RELEASE_VSN RELEASE_COMMAND RELEASE_DISTRIBUTION RELEASE_SYS_CONFIG \
        ROOTDIR EMU PROGNAME ERL_FLAGS ERL_AFLAGS ERL_ZFLAGS ERL_CRASH_DUMP_SECONDS
    migrate_copied=
    migrate_copy_config || exit
    migrate_boot </dev/null
    migrate_status=$?
    [ -z "$migrate_copied" ] || rm -f "$migrate_copied"
    exit "$migrate_status"
}

# The expression reaches the VM by the environment: nothing of it is an argument that others can see.
migrate_boot() {
    set -- -noinput -boot "$migrate_dir/start_clean" -boot_var RELEASE_LIB "$RELEASE_ROOT/lib"
    [ ! -r "$RELEASE_SYS_CONFIG.config" ] || set -- "$@" -config "$RELEASE_SYS_CONFIG"
    # file:script/1 gives errors in the script as a value.
    "$migrate_erl" "$@" -eval '
        case file:script(init:get_plain_arguments()) of
            {ok, Status} -> init:stop(Status);
            {error, Reason} -> io:format(standard_error, "~tp~n", [Reason]), init:stop(1)
        end.' -extra "$BOOT_PLUGIN_DIR/eval.script"
}

# Elixir's config providers may want to write what they found to the file that they were given.
migrate_copy_config() {
    grep -q '^%% RUNTIME_CONFIG=true' "$RELEASE_SYS_CONFIG.config" 2>/dev/null || return 0
    migrate_copied=$BOOT_STATE_DIR/migrate.config
    umask 077
    mkdir -p "$BOOT_STATE_DIR" && cp "$RELEASE_SYS_CONFIG.config" "$migrate_copied" && chmod 600 "$migrate_copied" || return
    RELEASE_SYS_CONFIG=$BOOT_STATE_DIR/migrate
}

migrate_find_rel() {
    for migrate_rel in "$migrate_dir"/*.rel; do
        [ ! -r "$migrate_rel" ] || return 0
    done
    boot_warn "$migrate_dir has no .rel file" "is that version whole?"
    return 1
}

# The runtime system that the version was made for, or that of the host when the release has none.
migrate_find_erts() {
    migrate_text=
    while IFS= read -r migrate_line || [ -n "$migrate_line" ]; do
        migrate_text=$migrate_text$migrate_line
    done <"$migrate_rel"
    migrate_text=${migrate_text#*'{erts,"'}
    BINDIR=$RELEASE_ROOT/erts-${migrate_text%%'"'*}/bin
    migrate_erl=$BINDIR/erlexec
    export BINDIR
    [ ! -x "$migrate_erl" ] || return 0
    unset BINDIR
    migrate_erl=$(command -v erl) && return
    boot_warn "neither $migrate_rel's runtime system nor an erl in PATH" "set MIGRATE_COMMAND instead of MIGRATE_EVAL"
    return 1
}
