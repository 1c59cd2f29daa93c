#!/bin/sh
# spec.sh: runs the specs in shellspec/ under each shell of this machine.
# ShellSpec is taken from $SHELLSPEC or PATH: https://shellspec.info
set -eu
cd "$(dirname "$0")/.."
# shellcheck source=scripts/need.sh
. scripts/need.sh

if [ ! -d shellspec ]; then
    printf 'skipped: no specs\n' >&2
    exit 0
fi
shellspec=${SHELLSPEC:-shellspec}
need "$shellspec" shellspec || exit 0

failed=
for shell in dash 'busybox ash' bash 'bash --posix' mksh ksh93 yash 'zsh --emulate sh'; do
    need "${shell%% *}" "${shell%% *}" || continue
    printf '%s\n' "-- $shell"
    "$shellspec" --default-path shellspec --shell "$shell" || failed="$failed, $shell"
done
if [ -n "$failed" ]; then
    printf 'error: specs failed in %s\n' "${failed#, }" >&2
    exit 1
fi
