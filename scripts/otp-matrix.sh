#!/bin/sh
# otp-matrix.sh: runs in the root of one OTP: makes a release, writes our kit into it, checks the kit leg by leg.
# Called by test-otp.sh. Prints each check that fails, and leaves a line for each leg in results.
#
# usage: otp-matrix.sh LEG...
#   status: 1 when a check has failed
# shellcheck disable=SC2317 # the legs, called by a name in a variable, call most of it
set -eu
place=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=scripts/otp-legs.sh
. "$place/otp-legs.sh"

work=$place/made
tiny=$work/rel/bin/tiny
version_dir=$work/rel/releases/0.1.0
RELEASE_TMP=$work/tmp
export RELEASE_TMP

# said: what the command of the last check wrote, for a failure.
said() {
    for stream in out err; do
        [ ! -s "$work/$stream" ] || sed "s/^/         $stream: /" "$work/$stream"
    done | head -n 12
}

fail() {
    bad=$((bad + 1))
    printf 'FAIL %s: %s\n' "$leg" "$1"
    said
}

# try STATUS COMMAND...: runs it, with a limit; whether its status is that. Its output is in out and err.
try() {
    wanted=$1
    shift
    checks=$((checks + 1))
    got=0
    timeout -s KILL 60 "$@" >"$work/out" 2>"$work/err" </dev/null || got=$?
    [ "$got" -eq "$wanted" ] && return 0
    fail "$*: status $got, not $wanted"
    return 1
}

# prints PATTERN: whether the standard output of the last command matches, as a pattern of case.
prints() {
    text=$(cat "$work/out")
    # shellcheck disable=SC2254 # a pattern on purpose
    case $text in
    $1) return 0 ;;
    esac
    fail "printed something else than $1"
    return 1
}

# is STATUS PATTERN COMMAND...: both.
is() {
    pattern=$2
    status=$1
    shift 2
    ! try "$status" "$@" || prints "$pattern" || :
}

# quiet: whether the last command had no message.
quiet() {
    [ ! -s "$work/err" ] || fail 'there is a message'
}

# node ARGS...: starts a node with this vm.args, a line each.
node() {
    printf '%s\n' "$@" '-setcookie matrix' >"$version_dir/vm.args"
    rm -rf "$RELEASE_TMP"
    try 0 "$tiny" start
}

# pids PROGRAM: prints the processes of that program.
pids() {
    for proc in /proc/[0-9]*; do
        [ "$(cat "$proc/comm" 2>/dev/null)" != "$1" ] || printf '%s\n' "${proc#/proc/}"
    done
}

# end: stops the node however it is, and epmd, which would go on with the addresses of this leg.
end() {
    timeout -s KILL 60 "$tiny" stop >/dev/null 2>&1 || :
    for pid in $(pids beam.smp) $(pids epmd); do
        kill -KILL "$pid" 2>/dev/null || :
    done
}

prepare() {
    rm -rf "$work"
    mkdir -p "$work"
    escript "$place/otp-release.escript" "$work"
    "$place/relboot" generate "$work/rel" >"$work/generated" 2>&1 || {
        cat "$work/generated"
        exit 1
    }
}

prepare
: >"$place/results"
any=0
for leg in "$@"; do
    bad=0 checks=0
    "leg_$leg" || fail "the leg ended early"
    end
    if [ "$bad" -eq 0 ]; then
        printf '%s ok %s\n' "$leg" "$checks" >>"$place/results"
    else
        any=1
        printf '%s FAIL %s/%s\n' "$leg" "$bad" "$checks" >>"$place/results"
    fi
done
exit "$any"
