# shellcheck shell=sh
# otp-legs-life.sh: the legs about a node's life: start, the foreground, stop, why a start fails, instances, crash dumps.
# otp-matrix.sh sources it.

# shellcheck disable=SC2154 # variables of otp-matrix.sh

# A start that is watched, and all that it waits for.
leg_start() {
    printf '%s\n' '-sname tiny' '-setcookie matrix' \
        "-eval 'timer:sleep(700), application:set_env(tiny, done, true)'" >"$version_dir/vm.args"
    rm -rf "$RELEASE_TMP"
    terminal "$tiny start"
    left 0
    is 0 '{{started,started},{ok,true}}' "$tiny" rpc '{init:get_status(), application:get_env(tiny, done)}.'
    is 0 '*' "$tiny" restart
    is 0 '{{started,started},{ok,true}}' "$tiny" rpc '{init:get_status(), application:get_env(tiny, done)}.'
    try 0 "$tiny" start && says 'is already running'
    end
    # An application that takes its time is named on the way.
    application 'timer:sleep(1500), supervisor:start_link({local, tiny}, tiny, []).'
    printf '%s\n' '-sname tiny' '-setcookie matrix' >"$version_dir/vm.args"
    terminal "$tiny start"
    shows 'starting tiny (8 of 8)'
    left 0
    end
    plain_application
}

# application BODY: tiny:start/2 is this from now on.
application() {
    beam=$(find "$work/rel/lib" -name tiny.beam)
    [ -e "$work/tiny.beam.kept" ] || cp "$beam" "$work/tiny.beam.kept"
    mkdir -p "$work/other"
    printf '%s\n' '-module(tiny).' '-behaviour(supervisor).' '-export([start/2, stop/1, init/1]).' 'stop(_) -> ok.' \
        'init([]) -> {ok, {{one_for_one, 1, 1}, []}}.' 'start(_, _) ->' "$1" >"$work/other/tiny.erl"
    erlc -o "$work/other" "$work/other/tiny.erl" || fail 'erlc'
    cp "$work/other/tiny.beam" "$beam"
}

plain_application() {
    cp "$work/tiny.beam.kept" "$beam"
}

# supervised: the node in the foreground, until it has booted.
supervised() {
    rm -rf "$RELEASE_TMP"
    "$tiny" foreground >"$work/foreground" 2>&1 </dev/null &
    session=$!
    checks=$((checks + 1))
    tries=0
    until [ "$("$tiny" rpc 'init:get_status().' 2>/dev/null)" = '{started,started}' ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 200 ] || {
            cp "$work/foreground" "$work/err"
            fail 'the node in the foreground does not boot'
            return 1
        }
        sleep 0.1
    done
}

# ended STATUS: what the foreground came to.
ended() {
    checks=$((checks + 1))
    got=0
    wait "$session" || got=$?
    cp "$work/foreground" "$work/err"
    : >"$work/out"
    [ "$got" -eq "$1" ] || fail "foreground: status $got, not $1"
    [ -z "$(pids beam.smp)" ] || fail 'the VM is still there'
}

leg_supervise() {
    printf '%s\n' '-sname tiny' '-setcookie matrix' >"$version_dir/vm.args"
    plugin=$work/rel/plugins/life
    mkdir -p "$plugin"
    for hook in post_start pre_stop post_stop; do
        # shellcheck disable=SC2016 # for the hook
        printf 'echo "%s" >>"$BOOT_STATE_DIR/../../seen"\n' "$hook" >"$plugin/$hook"
    done
    # INT is ignored by what a shell runs in the background.
    for name in TERM HUP; do
        rm -f "$work/seen"
        supervised || return 0
        tries=0
        until [ -s "$work/seen" ] || [ "$tries" -gt 100 ]; do
            tries=$((tries + 1))
            sleep 0.1
        done
        kill -s "$name" "$session"
        ended 0
        [ "$(tr '\n' ' ' <"$work/seen")" = 'post_start pre_stop post_stop ' ] ||
            fail "$name: hooks: $(tr '\n' ' ' <"$work/seen")"
    done
    rm -rf "$plugin"
    supervised || return 0
    pid=$(pids beam.smp)
    is 0 '*' "$tiny" restart
    is 0 "$pid" "$tiny" pid
    is 0 '*' "$tiny" stop
    ended 0
    supervised || return 0
    try 0 sh -c "\"$tiny\" rpc 'halt(3)' || :" || :
    ended 3
    supervised || return 0
    kill -KILL "$(pids beam.smp)"
    ended 137
}

# Whoever stops the node waits for ever.
leg_stop() {
    application 'supervisor:start_link({local, tiny}, tiny, []).'
    hold='spawn(fun() -> erlang:suspend_process(whereis(tiny)), timer:sleep(infinity) end), timer:sleep(50).'
    node '-sname tiny' || return 0
    try 0 "$tiny" rpc "$hold" || return 0
    try 7 "$tiny" stop --timeout 1 --no-kill && says 'sending SIGTERM' && says 'is still running'
    try 7 "$tiny" stop --timeout 1 --dump && says 'sending SIGUSR1' && says 'it ended by SIGUSR1'
    dumped
    node '-sname tiny' || return 0
    try 0 "$tiny" rpc "$hold" || return 0
    try 7 "$tiny" stop --timeout 1 && says 'sending SIGKILL' && says 'it was killed'
    node '-sname tiny' || return 0
    try 0 "$tiny" stop --kill && quiet
    try 3 "$tiny" ping || :
    node '-sname tiny' || return 0
    kill -STOP "$(pids beam.smp)"
    try 0 "$tiny" stop || :
    [ -z "$(pids beam.smp)" ] || fail 'the VM is still there after stop'
    plain_application
}

# dumped: what the dump of a node that SIGUSR1 ended tells.
dumped() {
    is 0 '*SIGUSR1*' "$tiny" logs --crash
    is 0 '{*"slogan":"*SIGUSR1*"*"complete":true*}' "$tiny" logs --crash --json
}

# crash SLOGAN: the node writes a dump and is gone.
crash() {
    try 1 "$tiny" rpc "erlang:halt(\"$1\")" || :
    tries=0
    until [ -z "$(pids beam.smp)" ] || [ "$tries" -gt 100 ]; do
        tries=$((tries + 1))
        sleep 0.1
    done
}

# A crash of the node's own, and what is kept of it.
leg_logs() {
    node '-sname tiny' || return 0
    try 0 "$tiny" rpc 'io:format(user, "line of ~w~n", [node()]).' || return 0
    sleep 0.3
    is 0 '*line of tiny@*' "$tiny" logs
    crash 'an end of its own'
    is 0 '*an end of its own*' "$tiny" logs --crash
    is 0 '{*"slogan":"an end of its own"*"system":"Erlang/OTP '"$(otp)"' *"complete":true*}' "$tiny" logs --crash --json
    try 1 "$tiny" status || :
    try 0 "$tiny" start || return 0
    is 0 '*an end of its own*' "$tiny" logs --crash
    # 10 MB of heap: as large a dump, whose heap is not looked at.
    try 0 "$tiny" rpc 'spawn(fun() -> register(big, self()), put(l, lists:seq(1, 500000)), receive x -> ok end end).' || :
    is 0 true "$tiny" rpc 'timer:sleep(100), is_pid(whereis(big)).'
    crash 'a large one'
    is 0 '{*"slogan":"a large one"*"name":"big"*"complete":true*}' "$tiny" logs --crash --json
}

# because ID TEXT FLAG...: the start with these lines of vm.args fails, and that is what it tells.
because() {
    id=$1 text=$2
    shift 2
    printf '%s\n' '-sname tiny' '-setcookie matrix' "$@" >"$version_dir/vm.args"
    rm -rf "$RELEASE_TMP"
    try "${refused:-1}" "$tiny" start || return 0
    says "$text"
    says "$id"
    [ -z "$(pids beam.smp)" ] || fail 'there is a VM'
}

leg_errors() {
    because '(docs/troubleshooting.md: startup-function)' 'does not exist' '-s nosuchmod'
    because '(docs/troubleshooting.md: startup-function)' 'lists:nosuch/0' '-run lists nosuch'
    because '(docs/troubleshooting.md: startup-function)' 'boom' '-eval error(boom)'
    because '(docs/troubleshooting.md: config-file)' '"/nosuch.config" (none): configuration file not found' '-config /nosuch'
    BOOT_VM_CHECK=warn
    export BOOT_VM_CHECK
    because '(docs/troubleshooting.md: parameter)' 'parameter of tiny' '-tiny level {1'
    because '(docs/troubleshooting.md: flag-unknown)' '+Zzz' '+Zzz 1'
    because '(docs/troubleshooting.md: flag-value)' '+P' '+P many'
    unset BOOT_VM_CHECK
    application '{error, {weird, reason}}.'
    because '(docs/troubleshooting.md: application-failed)' 'the application tiny did not start: {weird, reason}'
    application 'error(boom).'
    because '(docs/troubleshooting.md: application-failed)' 'the application tiny did not start: boom'
    application 'nosuch:f(1).'
    because '(docs/troubleshooting.md: function-missing)' 'there is no nosuch:f/1'
    application 'application:start(nosuch).'
    because '(docs/troubleshooting.md: application-missing)' 'nosuch is not in the release'
    application '{ok, _} = gen_tcp:listen(9333, []), gen_tcp:listen(9333, []).'
    because '(docs/troubleshooting.md: port-in-use)' 'in use'
    rm "$beam"
    because '(docs/troubleshooting.md: module-missing)' 'the module tiny of the boot script'
    plain_application
    taken
    broken_config
}

# taken: another node of this host has the name, and one that nobody may listen for.
taken() {
    erl -noinput -sname tiny -setcookie other >/dev/null 2>&1 &
    other=$!
    tries=0
    until erl -noshell -eval 'case erl_epmd:port_please("tiny", "127.0.0.1") of {port, _, _} -> halt(0); _ -> halt(1) end.' ||
        [ "$tries" -gt 50 ]; do
        tries=$((tries + 1))
        sleep 0.1
    done
    rm -rf "$RELEASE_TMP"
    printf '%s\n' '-sname tiny' '-setcookie matrix' >"$version_dir/vm.args"
    try 1 "$tiny" start && says name && says "$other"
    kill -KILL "$other" 2>/dev/null || :
    wait "$other" 2>/dev/null || :
}

# broken_config: what kernel itself does not take.
broken_config() {
    printf '[{kernel, [{logger_level, nonsense}]}].\n' >"$version_dir/sys.config"
    because '(docs/troubleshooting.md: configuration)' '{logger_level, nonsense}'
    printf '[].\n' >"$version_dir/sys.config"
}

# Two nodes of one release.
leg_instances() {
    node '-sname tiny' || return 0
    try 0 env BOOT_INSTANCE=two RELEASE_NODE=two "$tiny" start || return 0
    is 0 'two@*' env BOOT_INSTANCE=two RELEASE_NODE=two "$tiny" rpc 'node().'
    is 0 '*tiny*started*tiny@*' "$tiny" status --all
    is 0 '*two*started*two@*' "$tiny" status --all
    is 0 '[[]{*"otp":"'"$(otp)"'"*"otp":"'"$(otp)"'"*]' "$tiny" status --all --json
    try 0 env BOOT_INSTANCE=two RELEASE_NODE=two "$tiny" stop || :
    is 0 pong "$tiny" ping
}
