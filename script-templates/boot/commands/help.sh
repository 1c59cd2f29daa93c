# shellcheck shell=sh
# help: list the commands, or tell more of one.
#
# usage: NAME help [COMMAND]
#        NAME COMMAND --help
#
# example: NAME help upgrade

boot_command() {
    set -- "${_boot_core_help:-${1:-}}"
    case $1 in
    daemon) set -- start ;;
    daemon_attach) set -- attach ;;
    remote_console | remsh) set -- remote ;;
    esac
    if [ -n "$1" ]; then
        boot_command_exists "$1" || boot_die "unknown command \"$1\"" "$RELEASE_PROG help lists the commands" 2
        _boot_help_command "$BOOT_DIR/commands/$1.sh"
        return 0
    fi
    printf 'usage: %s COMMAND [ARG...]\n\n' "$RELEASE_PROG"
    for _boot_help_file in "$BOOT_DIR"/commands/*.sh; do
        {
            read -r _boot_help_line
            read -r _boot_help_line
        } <"$_boot_help_file"
        _boot_help_line=${_boot_help_line#"# "}
        printf '  %-13s %s\n' "${_boot_help_line%%: *}" "${_boot_help_line#*: }"
    done
    printf '\n%s help COMMAND tells more. Hooks: %s/plugins/README.md\n' "$RELEASE_PROG" "$RELEASE_ROOT"
}

# FILE: its comment header, with the name of this program for NAME
_boot_help_command() {
    # zsh takes "$1" behind a function's body from its caller.
    exec 3<"$1"
    read -r _boot_help_line <&3
    while IFS= read -r _boot_help_line <&3; do
        case $_boot_help_line in
        '#'*) ;;
        *) return 0 ;;
        esac
        _boot_help_line=${_boot_help_line#"#"}
        _boot_help_line=${_boot_help_line# }
        _boot_help_out=
        while :; do
            case $_boot_help_line in
            *NAME\ *)
                _boot_help_out=$_boot_help_out${_boot_help_line%%NAME *}"$RELEASE_PROG "
                _boot_help_line=${_boot_help_line#*NAME }
                ;;
            *) break ;;
            esac
        done
        printf '%s\n' "$_boot_help_out$_boot_help_line"
    done
}
