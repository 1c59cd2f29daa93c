# shellcheck shell=sh
# otp-legs.sh: the legs of otp-matrix.sh, which sources it: a function each.

# shellcheck disable=SC2154 # variables of otp-matrix.sh

# commands NODE: all of them against a node which can be asked; NODE is a pattern for its name.
commands() {
    asked "$1"
    beside
    shells
    again
    stopped
}

asked() {
    is 0 pong "$tiny" ping
    quiet
    is 0 '[1-9]*' "$tiny" pid
    pid=$(cat "$work/out")
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = beam.smp ] || fail "\"$pid\" is no VM"
    is 0 1 "$tiny" rpc 1
    quiet
    is 0 "{$1,4}" "$tiny" rpc 'io:format("hello~n"), {node(), 2 + 2}.'
    says hello
    is 0 '[[]1,2,3]' "$tiny" rpc lists seq 1 3
    is 0 '<<"a b">>' "$tiny" rpc erlang hd -- 'a b' c
    is 9 '' "$tiny" rpc 'lists:map(fun(_) -> error(mine) end, [1]).'
    says 'exception error: mine'
    says 'lists:map/2'
    is 9 '' "$tiny" rpc no_such f
    says 'undefined function no_such:f/0'
    is 9 '' "$tiny" rpc '1 +'
    says 'syntax error'
    is 7 '' "$tiny" rpc --timeout 1 'receive after infinity -> ok end.'
    is 0 '*tiny*' "$tiny" status
    is 0 '{*"sasl"*"otp":"'"$(otp)"'"*}' "$tiny" status --json
    is 0 '0.1.0*permanent*' "$tiny" versions
}

otp() {
    erl -noshell -eval 'io:put_chars(erlang:system_info(otp_release)), halt().'
}

# beside: VMs that are not the node.
beside() {
    is 0 '42 undefined [[]"a b"]' "$tiny" eval \
        'io:format("~p ~p ~p", [40 + 2, whereis(tiny), init:get_plain_arguments()]).' 'a b'
    quiet
    is 9 '' "$tiny" eval 'lists:map(fun(_) -> error(mine) end, [1]).'
    says 'exception error: mine'
    says 'lists:map/2'
    is 3 '' "$tiny" eval 'halt(3).'
    printf '%s\n' '#!/usr/bin/env escript' '%%! -kernel logger_level error' \
        'main(Words) -> io:format("~p ~p", [Words, application:load(tiny)]), halt(4).' >"$work/words.escript"
    is 4 '[[]"a b","c"] ok' "$tiny" escript "$work/words.escript" 'a b' c
    quiet
    erl -noshell -eval "ok = escript:create(\"$work/packed\", [shebang, {beam, \"$work/words.beam\"}]), halt()."
    is 0 'packed [[]"c"]' "$tiny" escript "$work/packed" c
}

# What is typed in a shell on the node, as printf takes it: the answer shows that it is the node's.
# shellcheck disable=SC2016 # Elixir
in_elixir='IO.puts("sum #{40 + 2} #{node()}")\r'
in_erlang='io:format("sum ~p ~s~n", [40 + 2, node()]).\r'

# shells: on the node, from a terminal.
shells() {
    terminal "$tiny remote"
    shows ')1>' "$in_erlang" && shows 'sum 42 tiny@' '\007' && shows '-->' 'q\r'
    left 0
    attached 'sum 42 tiny@'
    is 0 pong "$tiny" ping
}

# attached TEXT: the node's own shell, by its pipes; that is what it answers.
attached() {
    terminal "$tiny attach"
    # What is typed before it asks for the prompt anew, by ^L or ESC l, is lost.
    shows ' to exit' && shows '\^\(L\|\[l\)' "$in_erlang" && shows "$1" '\004'
    left 0
}

# again: a boot in the same process.
again() {
    is 0 ok "$tiny" rpc 'application:set_env(tiny, mark, 1).'
    is 0 '*' "$tiny" restart
    is 0 undefined "$tiny" rpc 'application:get_env(tiny, mark).'
    is 0 "$pid" "$tiny" pid
}

stopped() {
    is 0 '*' "$tiny" stop
    try 3 "$tiny" ping || :
    [ -z "$(pids beam.smp)" ] || fail 'the VM is still there after stop'
    is 0 '*' "$tiny" stop
}

leg_short() {
    node '-sname tiny' && commands 'tiny@*'
}

leg_long() {
    node '-name tiny@127.0.0.1' && commands "'tiny@127.0.0.1'"
}

leg_ipv6() {
    node '-name tiny@ip6.test' '-proto_dist inet6_tcp' && commands "'tiny@ip6.test'"
    end
    node '-name tiny@::1' '-proto_dist inet6_tcp' && commands "'tiny@::1'"
}

leg_epmdless() {
    node '-sname tiny@localhost' '-start_epmd false' '-erl_epmd_port 9200' && commands "tiny@localhost"
    [ -z "$(pids epmd)" ] || fail 'there is an epmd'
}

leg_tls() {
    printf '[{%s, [{certfile, "%s"}, {keyfile, "%s"}%s]}, {%s, [{verify, verify_none}%s]}].\n' \
        server "$place/tls/cert.pem" "$place/tls/key.pem" ', {secure_renegotiate, true}' \
        client ', {secure_renegotiate, true}' >"$work/tls.conf"
    node '-sname tiny@localhost' '-proto_dist inet_tls' "-ssl_dist_optfile $work/tls.conf" && commands "tiny@localhost"
}

# Nothing but the process itself to go by.
leg_none() {
    node '+S 1' || return 0
    try 4 "$tiny" ping || :
    try 4 "$tiny" rpc 1 || :
    is 0 "$(pids beam.smp)" "$tiny" pid
    is 0 '*' "$tiny" status
    is 0 '{*}' "$tiny" status --json
    try 4 "$tiny" versions || :
    beside
    attached 'sum 42 nonode@nohost'
    is 0 '*' "$tiny" stop
    [ -z "$(pids beam.smp)" ] || fail 'the VM is still there after stop'
    try 3 "$tiny" status || :
}

# What the VM's own reading and writing has a part in, which OTP 26 made anew.
leg_io() {
    node '-sname tiny' || return 0
    is 0 '<<"é"/utf8>>' "$tiny" rpc 'io:put_chars("ä\n"), <<"é"/utf8>>.'
    says 'ä'
    is 0 '"é"' "$tiny" rpc '"é".'
    is 0 'é€ é' "$tiny" eval 'io:format("~ts ~ts", [<<"é€"/utf8>>, init:get_plain_arguments()]).' 'é'
    quiet
    printf 'io:put_chars("é").' >"$work/source"
    is 0 'é' "$tiny" eval --file "$work/source"
    piped 'é' "printf 'io:put_chars(\"é\").' | \"$tiny\" eval --stdin"
    piped '[[]233,8364]' "printf 'io:format(\"~w\", [\"é€\"]).' | LC_ALL=C \"$tiny\" eval --stdin"
    piped '"it€"' "printf 'it€' | \"$tiny\" eval 'io:format(\"\\\"~ts\\\"\", [io:get_line([])]).'"
    piped '"é"' "printf '\"é\".' | \"$tiny\" rpc --stdin"
    piped 100000000 "\"$tiny\" rpc --printed 'file:write(group_leader(), binary:copy(<<0, 233, 255, 10>>, 25000000))' | wc -c"
    piped 588896 "\"$tiny\" rpc 'lists:seq(1, 100000)' | tr -d ' \n' | wc -c"
    is 1 '' "$tiny" rpc 'io:put_chars("bye\n"), halt(3)'
    says bye
    says 'went down'
}

# piped PATTERN SCRIPT: what a pipe of sh ends in.
piped() {
    is 0 "$1" sh -c "$2"
}

# The node, and nothing of it, on a terminal; the node under a supervisor.
leg_console() {
    printf '%s\n' '-sname tiny' '-setcookie matrix' >"$version_dir/vm.args"
    terminal "$tiny console"
    shows ')1>' "$in_erlang" && shows 'sum 42 tiny@' && is 0 pong "$tiny" ping && shows ')2>' 'q().\r'
    left 0
    terminal "$tiny console_clean"
    shows '1>' "$in_erlang" && shows 'sum 42 nonode@nohost' 'whereis(tiny).\r' && shows undefined 'q().\r'
    left 0
    "$tiny" foreground >"$work/out" 2>"$work/err" </dev/null &
    session=$!
    tries=0
    # It answers before it has begun to listen to signals.
    until [ "$("$tiny" rpc 'element(1, init:get_status()).' 2>/dev/null)" = started ] || [ "$tries" -gt 200 ]; do
        tries=$((tries + 1))
        sleep 0.1
    done
    kill -TERM "$session"
    got=0
    wait "$session" || got=$?
    checks=$((checks + 1))
    [ "$got" -eq 0 ] || fail "foreground: status $got"
    try 3 "$tiny" ping || :
}

atoms() {
    "$tiny" rpc 'erlang:system_info(atom_count).'
}

# Whoever connects under a name of its own leaves atoms, and a node's table of them is never emptied.
leg_atoms() {
    node '-sname tiny' || return 0
    # The first ones load modules, and the node makes a name for each client that it has at once: also when the
    # next one comes before the end of the last one is seen.
    for _ in 1 2 3; do "$tiny" ping && "$tiny" pid && atoms; done >/dev/null
    waiting=
    for _ in 1 2 3 4; do
        "$tiny" rpc 'timer:sleep(1000).' >/dev/null &
        waiting="$waiting $!"
    done
    # shellcheck disable=SC2086 # words, to be split
    wait $waiting
    before=$(atoms)
    count=0
    while [ "$count" -lt 500 ]; do
        "$tiny" ping || break
        "$tiny" rpc 1 || break
        count=$((count + 1))
    done >/dev/null
    checks=$((checks + 1))
    [ "$count" -eq 500 ] || fail "call $count has failed"
    [ "$(atoms)" = "$before" ] || fail "$(atoms) atoms, and there were $before before 1000 calls"
    is 0 '[[]]' "$tiny" rpc 'nodes(connected) -- nodes(hidden).'
}

# The release that mix makes, where the suite has Elixir.
leg_elixir() {
    cd "$work" || return
    MIX_ENV=prod HEX_OFFLINE=1
    export MIX_ENV HEX_OFFLINE
    try 0 mix new demo --sup || return 0
    cd demo || return
    try 0 mix release || return 0
    demo=$work/demo/_build/prod/rel/demo/bin/demo
    try 0 "$place/relboot" generate "$work/demo/_build/prod/rel/demo" || return 0
    if try 0 "$demo" start; then
        elixir_node
        try 0 "$demo" stop || :
    fi
    terminal "$demo console"
    shows ')1>' "$in_elixir" && shows 'sum 42 demo@' 'System.stop()\r'
    left 0
    terminal "$demo console_clean"
    shows 'iex(1)>' "$in_elixir" && shows 'sum 42 nonode@nohost' '\003' && shows '(a)bort' '\003'
    left 0
    is 0 '42 [[]"a b"]' "$demo" eval 'IO.write("#{40 + 2} #{inspect(System.argv())}")' 'a b'
    quiet
    is 9 '' "$demo" eval 'Enum.map([1], fn _ -> raise "mine" end)'
    says '** (RuntimeError) mine'
    is 9 '' "$demo" eval 'no_such()'
    says no_such
    is 3 '' "$demo" eval 'System.halt(3)'
    piped 'é€' "printf 'IO.write(\"é€\")' | \"$demo\" eval --stdin"
    is 0 42 "$demo" eval --erlang 'io:format("~p", [40 + 2]).'
    cd "$place" || return
}

elixir_node() {
    is 0 pong "$demo" ping
    is 0 '%{sum: 42}' "$demo" rpc 'IO.puts("hello"); %{sum: 40 + 2}'
    says hello
    is 0 3 "$demo" rpc Enum sum '[1, 2]'
    is 9 '' "$demo" rpc 'Enum.map([1], fn _ -> raise "mine" end)'
    says '** (RuntimeError) mine'
    is 9 '' "$demo" rpc 'no_such()'
    says no_such
    is 0 42 "$demo" rpc --erlang '40 + 2.'
    is 0 '*demo*' "$demo" status
    is 0 '{*"elixir"*}' "$demo" status --json
    is 0 '[1-9]*' "$demo" pid
    is 0 '*permanent*' "$demo" versions
    terminal "$demo remote"
    shows ')1>' "$in_elixir" && shows 'sum 42 demo@' '\003' && shows '(a)bort' '\003'
    left 0
    terminal "$demo remote --erl"
    shows ')1>' "$in_erlang" && shows 'sum 42 demo@' '\007' && shows '-->' 'q\r'
    left 0
    try 0 "$demo" restart || :
    is 0 pong "$demo" ping
}

# The tests of the client alone, which start nodes of their own.
leg_live() {
    unit_tests node::live_tests
}

# The table of flags against this emulator.
leg_flags() {
    unit_tests vmargs::check
}

# unit_tests MODULE: those of the library, with the erl of this root.
unit_tests() {
    checks=$((checks + 1))
    timeout -s KILL 300 "$place/client-tests" "$1" --test-threads 4 >"$work/out" 2>&1 </dev/null || {
        grep -E -A1 '^test .*FAILED|panicked|^test result' "$work/out" >"$work/err" || :
        : >"$work/out"
        fail "tests of $1"
    }
}
