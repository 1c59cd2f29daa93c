#!/bin/sh
# otp-matrix.sh: runs in the root of one OTP: makes a release, writes our kit into it, checks the kit leg by leg.
# Called by test-otp.sh. Prints each check that fails and how each leg ended, which it leaves in results too.
#
# usage: otp-matrix.sh LEG...
#   status: 1 when a check has failed
# shellcheck disable=SC2317 # the legs, called by a name in a variable, call most of it
set -eu
place=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=scripts/otp-legs.sh
. "$place/otp-legs.sh"
# shellcheck source=scripts/otp-legs-host.sh
. "$place/otp-legs-host.sh"
# shellcheck source=scripts/otp-legs-life.sh
. "$place/otp-legs-life.sh"

work=$place/made
tiny=$work/rel/bin/tiny
version_dir=$work/rel/releases/0.1.0
RELEASE_TMP=$work/tmp
export RELEASE_TMP

# said: what the command of the last check wrote, for a failure.
said() {
    for stream in out err; do
        # awk ends the last line too.
        [ ! -s "$work/$stream" ] || awk -v "stream=$stream" '{ print "         " stream ": " $0 }' "$work/$stream"
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

# says TEXT: whether the last command's messages hold it.
says() {
    grep -qF -- "$1" "$work/err" || fail "no message says $1"
}

# terminal COMMAND: begins it on a terminal of its own. What that shows is in screen.
terminal() {
    rm -f "$work/keys"
    mkfifo "$work/keys"
    : >"$work/err"
    : >"$work/screen"
    # A shell around it would be hit by ctrl-C too.
    SHELL=/bin/sh TERM=xterm timeout -s KILL 60 script -qefc "exec $1" /dev/null <"$work/keys" >"$work/screen" 2>&1 &
    session=$!
    exec 3>"$work/keys"
}

# shows PATTERN [KEYS]: waits for what the terminal is to show, a pattern of grep, then types.
shows() {
    checks=$((checks + 1))
    tries=0
    until grep -q -- "$1" "$work/screen"; do
        tries=$((tries + 1))
        if [ "$tries" -gt 200 ] || ! kill -0 "$session" 2>/dev/null; then
            cp "$work/screen" "$work/out"
            fail "the terminal does not show $1"
            return 1
        fi
        sleep 0.1
    done
    # shellcheck disable=SC2059 # escapes are wanted
    printf "${2:-}" >&3
}

# left STATUS: whether the command on the terminal has ended with it.
left() {
    checks=$((checks + 1))
    got=0
    # What still runs gets an end of file, and is killed at its limit.
    [ "$bad" -eq 0 ] || exec 3>&-
    wait "$session" || got=$?
    exec 3>&-
    [ "$got" -eq "$1" ] && return 0
    cp "$work/screen" "$work/out"
    fail "the command on the terminal: status $got, not $1"
}

# node ARGS...: starts a node with this vm.args, a line each.
node() {
    printf '%s\n' "$@" '-setcookie matrix' >"$version_dir/vm.args"
    rm -rf "$RELEASE_TMP"
    try 0 "$tiny" start
}

# pids PROGRAM: prints the processes of that program, but those that have ended and wait for their parent.
pids() {
    for proc in /proc/[0-9]*; do
        [ "$(cat "$proc/comm" 2>/dev/null)" = "$1" ] || continue
        ! grep -q . "$proc/cmdline" 2>/dev/null || printf '%s\n' "${proc#/proc/}"
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
    # For an escript.
    printf '%s\n' '-module(words).' '-export([main/1]).' 'main(Words) -> io:format("packed ~p", [Words]).' >"$work/words.erl"
    erlc -o "$work" "$work/words.erl"
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
        printf 'ok   %s: %s checks\n' "$leg" "$checks"
        printf '%s ok %s\n' "$leg" "$checks" >>"$place/results"
    else
        any=1
        printf '%s FAIL %s/%s\n' "$leg" "$bad" "$checks" >>"$place/results"
    fi
done
# What failed is worth a look.
[ "$any" -ne 0 ] || rm -rf "$work"
exit "$any"
