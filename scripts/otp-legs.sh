# shellcheck shell=sh
# otp-legs.sh: the legs of otp-matrix.sh, which sources it: a function each.

# shellcheck disable=SC2154 # variables of otp-matrix.sh

# commands NODE: all that a node which can be asked answers; NODE is a pattern for its name.
commands() {
    is 0 pong "$tiny" ping
    quiet
    is 0 '[1-9]*' "$tiny" pid
    pid=$(cat "$work/out")
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = beam.smp ] || fail "\"$pid\" is no VM"
    is 0 1 "$tiny" rpc 1
    quiet
    is 0 "hello
{$1,4}" "$tiny" rpc 'io:format("hello~n"), {node(), 2 + 2}.'
    is 9 '' "$tiny" rpc 'error(mine).'
    grep -q mine "$work/err" || fail 'the exception is not told'
    is 0 '*tiny*' "$tiny" status
    is 0 '{*}' "$tiny" status --json
    is 0 '0.1.0*permanent*' "$tiny" versions
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
    is 0 '*' "$tiny" stop
    [ -z "$(pids beam.smp)" ] || fail 'the VM is still there after stop'
    try 3 "$tiny" status || :
}

atoms() {
    "$tiny" rpc 'erlang:system_info(atom_count).'
}

# Whoever connects under a name of its own leaves atoms, and a node's table of them is never emptied.
leg_atoms() {
    node '-sname tiny' || return 0
    # The first ones load modules.
    for _ in 1 2 3; do "$tiny" ping && "$tiny" pid && atoms; done >/dev/null
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
        is 0 pong "$demo" ping
        is 0 'hello
%{sum: 42}' "$demo" rpc 'IO.puts("hello"); %{sum: 40 + 2}'
        is 9 '' "$demo" rpc 'raise "mine"'
        is 0 '42' "$demo" rpc --erlang '40 + 2.'
        is 0 '*demo*' "$demo" status
        is 0 '*' "$demo" pid
        remote
        try 0 "$demo" stop || :
    fi
    is 0 42 "$demo" eval 'IO.puts(40 + 2)'
    cd "$place" || return
}

# A shell on the node, from a terminal; what is typed there is answered by the node.
remote() {
    # shellcheck disable=SC2016 # Elixir
    printf 'IO.puts("sum is #{40 + 2}")\n' >"$work/typed"
    checks=$((checks + 1))
    SHELL=/bin/sh TERM=xterm timeout -s KILL 20 script -qec "$demo remote" /dev/null <"$work/typed" >"$work/out" 2>"$work/err" || :
    grep -q 'sum is 42' "$work/out" || fail 'remote did not answer'
}

# The tests of the client alone, which start nodes of their own.
leg_live() {
    checks=$((checks + 1))
    timeout -s KILL 300 "$place/client-tests" node::live_tests --test-threads 4 >"$work/out" 2>&1 </dev/null || {
        grep -E -A1 '^test .*FAILED|panicked|^test result' "$work/out" >"$work/err" || :
        : >"$work/out"
        fail 'tests of the client'
    }
}
