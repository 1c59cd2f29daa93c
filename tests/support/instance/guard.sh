#!/bin/sh
# guard.sh DIR: holds an epmd, and when standard input ends, ends what runs from DIR, and DIR.
# Standard input is a pipe of the test process: it ends however that process ends, by kill -9 too.
# Prints the pid of the epmd, which listens where ERL_EPMD_ADDRESS and ERL_EPMD_PORT say.

epmd >/dev/null 2>&1 &
epmd=$!
printf '%s\n' "$epmd"
exec >/dev/null 2>&1
cd / || exit 1

# Nobody writes to the pipe: this returns at its end.
read -r _

# More than once: heart starts again what was killed before it.
round=0
found=1
while [ -n "$found" ] && [ "$round" -lt 50 ]; do
    found=
    # Names of files in /proc hold no spaces.
    # shellcheck disable=SC2013
    for file in $(grep -lsF -e "$1" /proc/[0-9]*/environ /proc/[0-9]*/cmdline); do
        pid=${file#/proc/}
        pid=${pid%/*}
        # The guard has DIR in its command line itself.
        [ "$pid" = "$$" ] && continue
        kill -9 "$pid" && found=1
    done
    round=$((round + 1))
done
kill "$epmd"

# A test may have left directories that can't be written to. Files are not touched: their modes are
# shared with the tree they were linked from.
rm -rf -- "$1" || {
    find "$1" -type d -exec chmod u+rwx {} +
    rm -rf -- "$1"
}
