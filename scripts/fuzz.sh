#!/bin/sh
# fuzz.sh: runs the fuzz targets, each for a time, beginning from the committed corpora.
#
# usage: make fuzz [FUZZ_SECONDS=600] [TARGETS="term_decode term_print handshake template_render src_substitute consult"] [MERGE=yes]
#
# Needs cargo-fuzz (cargo install cargo-fuzz). A finding stays below target/fuzz/found and is named.
# MERGE=yes afterwards adds to tests/corpora what reaches code that nothing there does.
#   status: 1 when there is a finding
set -eu
cd "$(dirname "$0")/.."
# shellcheck source=scripts/need.sh
. scripts/need.sh
need cargo-fuzz cargo-fuzz || exit 0

host=$(rustc --print host-tuple)
out=${CARGO_TARGET_DIR:-target}/fuzz
# The sanitizer is there in stable Rust too, but asks for this; and it can't be linked statically.
export RUSTC_BOOTSTRAP=1 RUSTFLAGS='-C target-feature=-crt-static'
cargo fuzz build --target "$host" --target-dir "$out"

failed=0
for name in ${TARGETS:-term_decode term_print handshake template_render src_substitute consult}; do
    corpus=$out/corpus/$name
    mkdir -p "$corpus" "$out/found"
    # 4 KiB hold all that is of interest; the limits are those that a client is held to.
    set -- -max_len=4096 -rss_limit_mb=512 -timeout=5 "-artifact_prefix=$out/found/$name-"
    if ! "$out/$host/release/$name" "$@" -max_total_time="${FUZZ_SECONDS:-600}" -verbosity=0 -print_final_stats=1 \
        "$corpus" "tests/corpora/$name"; then
        printf 'error: %s has a finding\nhelp: %s INPUT\n' "$name" "$out/$host/release/$name" >&2
        failed=1
    fi
    # Small ones only: they are committed.
    [ -z "${MERGE:-}" ] ||
        "$out/$host/release/$name" -set_cover_merge=1 -max_len=300 "tests/corpora/$name" "$corpus"
done
exit "$failed"
