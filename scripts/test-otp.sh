#!/bin/sh
# test-otp.sh: the kit's commands and the node client's own tests against real nodes of several OTP versions.
#
# usage: make test-otp [OTP="23 25 27 29"] [LEGS="short long ipv6 epmdless tls none io sizing template start supervise stop logs errors instances console atoms elixir flags live"]
#
# Each version comes from a Debian suite and is kept below target/otp (0.5 GB for all). Prints each check that fails
# and how each leg ended, then a table. Needs root and a Debian mirror.
#   status: 1 when a check has failed
set -eu
cd "$(dirname "$0")/.."
# shellcheck source=scripts/need.sh
. scripts/need.sh

otp=${OTP:-23 25 27 29}
legs=${LEGS:-short long ipv6 epmdless tls none io sizing template start supervise stop logs errors instances console atoms elixir flags live}
cargo=${CARGO:-cargo}
target=${CARGO_TARGET_DIR:-target}
roots=$target/otp

suite() {
    case $1 in
    23) echo bullseye ;;
    25) echo bookworm ;;
    27) echo trixie ;;
    29) echo forky ;;
    *)
        printf 'error: no Debian suite is known for OTP %s\nhelp: OTP="23 25 27 29"\n' "$1" >&2
        return 1
        ;;
    esac
}

# certificate: for nodes with distribution over TLS, made once.
certificate() {
    [ ! -s "$roots/tls/key.pem" ] || return 0
    mkdir -p "$roots/tls"
    openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
        -keyout "$roots/tls/key.pem" -out "$roots/tls/cert.pem" 2>/dev/null
}

# place VERSION: puts what is to be tested into its root.
place() {
    to=$roots/$1/relboot
    rm -rf "$to"
    mkdir -p "$to"
    cp "$built/relboot" "$built/relboot-helper" scripts/otp-release.escript "$to/"
    cp scripts/otp-matrix.sh scripts/otp-legs.sh scripts/otp-legs-host.sh scripts/otp-legs-life.sh \
        "$to/"
    cp -R "$roots/tls" "$to/"
    cp "$client_tests" "$to/client-tests"
}

# The static programs of the quick build: it is not speed that is tested here.
build() {
    "$cargo" build --locked
    built=$target/$(rustc --print host-tuple)/debug
    client_tests=$("$cargo" test --locked --lib --no-run 2>&1 | sed -n 's/.*Executable unittests src\/lib.rs (\(.*\))$/\1/p')
    [ -x "$client_tests" ] || {
        printf 'error: cargo did not name the test program: "%s"\n' "$client_tests" >&2
        return 1
    }
}

table() {
    printf '%-9s' leg
    for version in $otp; do printf ' OTP %-7s' "$version"; done
    printf '\n'
    for leg in $legs; do
        printf '%-9s' "$leg"
        for version in $otp; do
            result=$(sed -n "s/^$leg //p" "$roots/$version/relboot/results" 2>/dev/null) || result=
            printf ' %-11s' "${result:-FAIL}"
        done
        printf '\n'
    done
}

need openssl openssl || exit 0
need unshare unshare || exit 0
build
mkdir -p "$roots"
certificate
failed=0
for version in $otp; do
    from=$(suite "$version")
    if [ ! -d "$roots/$version" ]; then
        printf 'fetching OTP %s of Debian %s\n' "$version" "$from" >&2
        sh scripts/otp-root.sh fetch "$from" "$roots/$version"
    fi
    place "$version"
    printf 'OTP %s\n' "$version" >&2
    # shellcheck disable=SC2086 # words, to be split
    timeout --foreground -s KILL 900 sh scripts/otp-root.sh run "$roots/$version" sh /relboot/otp-matrix.sh $legs || failed=1
done
table
exit "$failed"
