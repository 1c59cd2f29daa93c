# shellcheck shell=sh
# env: settings of this release, read before every command: a file of yours at rel/boot/env.sh takes its place.
