# shellcheck shell=sh
# need.sh: sourced; tools that may be missing.

# need TOOL NAME: whether TOOL can be run; if not it says `skipped: no NAME`.
#   status: 1 when it is missing; ends the script with 1 where RELBOOT_REQUIRE names it
need() {
    command -v "$1" >/dev/null 2>&1 && return 0
    printf 'skipped: no %s\n' "$2" >&2
    case " $(printf '%s' "${RELBOOT_REQUIRE:-}" | tr , ' ') " in
    *" all-but-$2 "*) return 1 ;;
    *" $2 "* | *" all "* | *" all-but-"*)
        printf 'error: no %s, which RELBOOT_REQUIRE=%s asks for\n' "$2" "$RELBOOT_REQUIRE" >&2
        exit 1
        ;;
    esac
    return 1
}
