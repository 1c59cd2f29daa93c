#!/bin/sh
# setup.sh: installs what build and tests need.
# On Debian, as root or with a sudo that asks for no password, by apt-get; elsewhere it says what to
# install. Where all is there it calls nothing and takes no time.
#   status: 1 when build or format check can't work, or (with RELBOOT_REQUIRE set) a test tool is missing
set -eu

# The Rust release that Cargo.toml asks for (rust-version): 1.MINOR.
minor=95

# TOOL:PACKAGE. rebar3 and elixir depend on all parts of OTP that they use themselves.
tools='erl:erlang-base erlc:erlang-base epmd:erlang-base erl_call:erlang-base rebar3:rebar3 mix:elixir
dash:dash busybox:busybox bash:bash mksh:mksh ksh93:ksh93u+m yash:yash zsh:zsh
shellcheck:shellcheck shfmt:shfmt strace:strace python3:python3 curl:curl nc:netcat-openbsd
make:make gcc:gcc openssl:openssl runsv:runit s6-supervise:s6 systemctl:systemd'

# missing_packages: prints the packages that are not there, each once.
missing_packages() {
    found=' '
    for pair in $tools; do
        command -v "${pair%%:*}" >/dev/null 2>&1 && continue
        case $found in
        *" ${pair#*:} "*) ;;
        *) found="$found${pair#*:} " ;;
        esac
    done
    # Both programs are static: the C library's archive is not in gcc's own package.
    has_libc_archive || found="${found}libc6-dev "
    printf '%s\n' "$found"
}

has_libc_archive() {
    command -v gcc >/dev/null 2>&1 || return 1
    [ -f "$(gcc -print-file-name=libc.a)" ]
}

# as_root COMMAND...: runs it, or returns 126 where that would need a password.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        sudo -n "$@"
    else
        return 126
    fi
}

# install_packages PACKAGE...
install_packages() {
    command -v apt-get >/dev/null 2>&1 || return 1
    as_root true || return 1
    printf 'setup: apt-get install %s\n' "$*" >&2
    as_root apt-get update -qq || return 1
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >/dev/null
}

# check_rust: whether cargo is there, new enough, with its two components.
check_rust() {
    if ! command -v cargo >/dev/null 2>&1 || ! command -v rustc >/dev/null 2>&1; then
        printf 'error: no Rust\nhelp: install 1.%s or later from https://rustup.rs\n' "$minor" >&2
        return 1
    fi
    version=$(rustc --version)
    version=${version#rustc }
    rest=${version#1.}
    if [ "${rest%%.*}" -lt "$minor" ]; then
        printf 'error: Rust %s is older than 1.%s\n' "${version%% *}" "$minor" >&2
        printf 'help: rustup update stable\n' >&2
        return 1
    fi
    if ! cargo fmt --version >/dev/null 2>&1 || ! cargo clippy --version >/dev/null 2>&1; then
        printf 'error: no rustfmt or no clippy\nhelp: rustup component add rustfmt clippy\n' >&2
        return 1
    fi
}

# check_packages: installs what is missing; whether the rest can go on without what still is.
check_packages() {
    missing=$(missing_packages)
    [ -n "${missing# }" ] || return 0
    # Split on purpose: names of packages.
    # shellcheck disable=SC2086
    install_packages $missing || printf 'warning: could not install:%s\n' "$missing" >&2
    missing=$(missing_packages)
    [ -n "${missing# }" ] || return 0
    printf 'warning: missing:%s\n' "$missing" >&2
    printf 'help: apt-get install -y --no-install-recommends%s\n' "$missing" >&2
    case $missing in
    *' gcc '* | *' libc6-dev '*) return 1 ;;
    esac
    # Without the others tests are skipped, and say so.
    [ -z "${RELBOOT_REQUIRE:-}" ]
}

bad=0
check_packages || bad=1
check_rust || bad=1
exit "$bad"
