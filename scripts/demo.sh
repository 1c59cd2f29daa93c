#!/bin/sh
# demo.sh: shows the whole way of a release, on one that it builds itself: kit, start, upgrade, stop.
# Every line after "$" is a command as a user types it; what follows is its real output.
set -eu
cd "$(dirname "$0")/.."
source=$PWD
release=${CARGO_TARGET_DIR:-$source/target}/$(rustc --print host-tuple)/release
PATH=$release:$PATH
export PATH

for tool in erl rebar3; do
    command -v "$tool" >/dev/null 2>&1 || {
        printf 'error: no %s\nhelp: make setup\n' "$tool" >&2
        exit 1
    }
done

work=$(mktemp -d "${TMPDIR:-/tmp}/relboot-demo.XXXXXX")
# An epmd of its own: nothing that runs on this machine is touched, and nothing of this is left.
ERL_EPMD_PORT=$((20000 + $$ % 20000))
ERL_EPMD_ADDRESS=127.0.0.1
HOME=$work/home
export ERL_EPMD_PORT ERL_EPMD_ADDRESS HOME REBAR_OFFLINE=1
unset RELEASE_ROOT RELEASE_NODE RELEASE_COOKIE RELEASE_VSN BOOT_STATE_DIR

finish() {
    [ ! -x "$work/server/bin/demo" ] || "$work/server/bin/demo" stop >/dev/null 2>&1 || :
    epmd -kill >/dev/null 2>&1 || :
    cd / && rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

bold=
dim=
plain=
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$(printf '\033[1m')
    dim=$(printf '\033[2m')
    plain=$(printf '\033[0m')
fi
# Messages among results, as on a terminal.
exec 2>&1

# step TEXT: what comes next
step() {
    printf '\n%s## %s%s\n' "$bold" "$1" "$plain"
}

# show COMMAND: prints it as a user types it, then runs it
show() {
    printf '%s$ %s%s\n' "$dim" "$1" "$plain"
    eval "$1"
}

# quiet COMMAND: the same for a build tool whose output nobody wants to read
quiet() {
    printf '%s$ %s%s\n' "$dim" "$1" "$plain"
    eval "$1" >"$work/log" 2>&1 || {
        cat "$work/log" >&2
        exit 1
    }
}

# counter VERSION: the server of that version
counter() {
    cp "$source/tests/fixtures/rebar3/$1/demo_server.erl" apps/demo/src/
}

mkdir -p "$HOME"
cd "$work"
step 'A release, made by rebar3'
quiet 'rebar3 new release name=demo'
cd demo
counter v1
sed -i.bak 's/ChildSpecs = \[\]/ChildSpecs = [#{id => demo_server, start => {demo_server, start_link, []}}]/' \
    apps/demo/src/demo_sup.erl
show 'relboot init'
# What "init" wrote, with a name that follows the host and a setting from the environment.
cat >rel/vm.args.j2 <<'TEMPLATE'
-sname {{ release.name }}@{{ host.name }}
+S {{ cpu.count }}
+P {{ env.MAX_PROCESSES }}
TEMPLATE
show 'cat rel/vm.args.j2'
quiet 'rebar3 as prod release'
show 'relboot generate'
show 'relboot generate --check && echo unchanged'
show 'relboot tar'

step 'On the server'
mkdir "$work/server"
show "tar xzf demo-0.1.0.tar.gz -C $work/server && cd $work/server"
show 'bin/demo vmargs || echo "status $?"'
show 'export MAX_PROCESSES=500000'
show 'bin/demo vmargs'
show 'bin/demo start'
show 'bin/demo ping'
show 'bin/demo status'
show "bin/demo rpc 'erlang:system_info(process_limit).'"
show "bin/demo rpc 'demo_server:inc(), demo_server:inc(), {demo_server:version(), demo_server:inc()}.'"

step 'A plugin, dropped in'
show 'mkdir plugins/test'
show "printf '%s\\n' '#!/bin/sh' 'echo \"test: pre_upgrade: SOME_VAR=\$SOME_VAR\"' >plugins/test/pre_upgrade"
show "echo 'echo \"test: post_upgrade: now \$RELEASE_VSN\"' >plugins/test/post_upgrade"
show 'bin/demo hooks upgrade'

step 'The next version'
cd "$work/demo"
counter v2
mkdir -p apps/demo/ebin
cp "$source/tests/fixtures/rebar3/v2/demo.appup" apps/demo/ebin/
sed -i.bak 's/"0\.1\.0"/"0.2.0"/' apps/demo/src/demo.app.src rebar.config
# rebar3 goes by whole seconds and would keep what it compiled a moment ago.
rm -rf _build/prod/lib/demo/ebin
quiet 'rebar3 as prod release'
quiet 'rebar3 as prod relup -n demo -v 0.2.0 -u 0.1.0'
show 'relboot generate && relboot tar'
show "cp demo-0.2.0.tar.gz $work/server/releases/ && cd $work/server"
show 'SOME_VAR=foobar bin/demo upgrade 0.2.0'
show 'bin/demo versions'
show "bin/demo rpc '{demo_server:version(), demo_server:inc()}.'"

step 'And back, and down'
show 'bin/demo downgrade 0.1.0'
show "bin/demo rpc '{demo_server:version(), demo_server:inc()}.'"
show 'bin/demo stop'
show 'bin/demo ping || echo "status $?"'
