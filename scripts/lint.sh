#!/bin/sh
# lint.sh: shellcheck and shfmt over every shell script of the repository.
# Scripts with holes (*.tpl.sh) are no shell before they are rendered: the tests lint them then.
set -eu
cd "$(dirname "$0")/.."
# shellcheck source=scripts/need.sh
. scripts/need.sh

# is_posix FILE: whether it is a script for sh: by its name, its shebang or its directive.
is_posix() {
    case $1 in
    *.tpl.sh | *.j2) return 1 ;;
    *.sh) return 0 ;;
    esac
    first=
    IFS= read -r first <"$1" || [ -n "$first" ] || return 1
    case $first in
    '#!/bin/sh'* | '#!/usr/bin/env sh'* | '# shellcheck shell=sh'*) return 0 ;;
    *) return 1 ;;
    esac
}

list=$(mktemp)
trap 'rm -f "$list"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
for dir in scripts script-templates hooks-examples tests; do
    [ ! -d "$dir" ] || find "$dir" -type f ! -name '*.beam' >>"$list"
done
set --
while IFS= read -r file; do
    ! is_posix "$file" || set -- "$@" "$file"
done <"$list"

if need shellcheck shellcheck; then
    shellcheck -x "$@" .ci/run
fi
if need shfmt shfmt; then
    shfmt -d -i 4 -ln posix "$@"
    shfmt -d -i 4 -ln bash .ci/run
fi
printf 'linted %s scripts\n' "$(($# + 1))"
