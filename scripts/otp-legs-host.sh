# shellcheck shell=sh
# otp-legs-host.sh: the legs about what a start makes for its host: sizing, templates. otp-matrix.sh sources it.

# shellcheck disable=SC2154 # variables of otp-matrix.sh

# project TEXT: writes the kit from a project whose relboot.toml is this; templates in rel/ go with it.
project() {
    mkdir -p "$work/project/rel"
    printf '%s\n' "$1" >"$work/project/rel/relboot.toml"
    cd "$work/project" && try 0 "$place/relboot" generate "$work/rel"
    cd "$place" || return
}

# plain: the kit as it is made without one.
plain() {
    rm -rf "$work/project" "$version_dir/vm.args.j2" "$version_dir/vm.args.src" "$version_dir/sys.config.j2" \
        "$version_dir/sys.config.src"
    try 0 "$place/relboot" generate "$work/rel" || :
}

# What the host decides, on all of this one and in a small part of it.
# shellcheck disable=SC2016 # for the shell that enters
leg_sizing() {
    project '[vm]
sizing = "auto"'
    enter='exec "$@"'
    sized '*'
    end
    if group; then
        # Of no effect unless there is a limit.
        [ "$(otp)" -lt 27 ] || project '[vm]
sizing = "auto"
[vm.flags]
"+hmaxib" = "true"'
        enter='echo $$ >"$cpu/cgroup.procs" && echo $$ >"$memory/cgroup.procs" && exec "$@"'
        sized 131072
        [ "$(value +S)" = 1:1 ] || fail 'not one scheduler for half a processor'
        [ -n "$(value +hmax)" ] || fail 'no guard of the memory'
        end
        ungroup
    fi
    plain
}

# group: makes a control group with half a processor and 256 MiB.
group() {
    if ! cpu=$(own_group cpu) || ! memory=$(own_group memory) || ! mkdir -p "$cpu" "$memory" 2>/dev/null; then
        printf 'skipped: no cgroup v1\n'
        return 1
    fi
    export cpu memory
    echo 100000 >"$cpu/cpu.cfs_period_us"
    echo 50000 >"$cpu/cpu.cfs_quota_us"
    echo 268435456 >"$memory/memory.limit_in_bytes"
}

# own_group CONTROLLER: prints the directory for a group below the one that this shell is in.
own_group() {
    awk -F : -v "name=$1" '
        ("," $2 ",") ~ ("," name ",") { print "/sys/fs/cgroup/" name $3 "/relboot-otp"; found = 1 }
        END { exit !found }' /proc/self/cgroup
}

ungroup() {
    tries=0
    # Whoever was killed is in it until this shell, as the first process, has reaped it.
    until [ ! -d "$cpu" ] && [ ! -d "$memory" ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 50 ] || break
        sleep 0.1
        rmdir "$cpu" "$memory" 2>/dev/null || :
    done
}

# sized PROCESSES: starts a node by way of $enter; it says of itself what was said before.
sized() {
    printf '%s\n' '-setcookie matrix' >"$version_dir/vm.args"
    rm -rf "$RELEASE_TMP"
    try 0 sh -c "$enter" sh "$tiny" vmargs --explain --json || return 0
    tr '{' '\n' <"$work/out" >"$work/explained"
    try 0 sh -c "$enter" sh "$tiny" start || return 0
    intended=$(intended)
    # shellcheck disable=SC2254 # a pattern on purpose
    case $intended in
    "{["*,$1,*) ;;
    *) fail "$1 processes were to be in $intended" ;;
    esac
    is 0 "[{][[]${intended#??}" "$tiny" rpc --printed 'M = erlang:system_info(max_heap_size),
        Is = [schedulers, schedulers_online, process_limit, port_limit, dist_buf_busy_limit],
        L = [erlang:system_info(I) || I <- Is],
        io:format("~w", [{L, maps:get(size, M), maps:get(include_shared_binaries, M, false)}]).'
    is 0 219 "$tiny" rpc 'element(2, erl_epmd:port_please("tiny", "127.0.0.1")) div 20.'
    [ "$(value inet_dist_listen)$(value -kernel)" = 'inet_dist_listen_min 4380 inet_dist_listen_max 4399' ] ||
        fail 'it has ports that nobody was told of'
    # Left as they are, they are this shell's.
    files=$(value nofile)
    limits=$(awk '/^Max open files/ { print $4 }' /proc/self/limits)
    is 0 '*' "$tiny" pid
    grep '^Max open files' "/proc/$(cat "$work/out")/limits" >"$work/limits"
    grep -Eq "files +${files:-$limits} " "$work/limits" || fail "not \"$files\" open files"
    is 0 '' sh -c "$enter" sh "$tiny" vmargs --diff
}

# value FLAG: the value that the explanation has; none where that is left to the VM.
value() {
    sed -n "s/^\"flag\":\"$1\",\"values\":\"\([^\"]*\)\".*/\1/p" "$work/explained"
}

# intended: what the node is to say: as explained, else as OTP's manual has it.
intended() {
    schedulers=$(value +S) processes=$(value +P) ports=$(value +Q) buffer=$(value +zdbbl) heap=$(value +hmax)
    binaries=$(value +hmaxib)
    usual=262144
    [ "$(otp)" -lt 27 ] || usual=1048576
    schedulers=${schedulers%%:*}
    : "${schedulers:=$(nproc)}"
    printf '{[%s,%s,%s,%s,%s],%s,%s}' "$schedulers" "$schedulers" "${processes:-$usual}" "${ports:-65536}" \
        "$((${buffer:-1024} * 1024))" "${heap:-0}" "${binaries:-false}"
}

# Files that are made for the host, in both forms, to the last byte; with epmd and without.
# shellcheck disable=SC2016 # as it is
leg_template() {
    NODE_COOKIE=matrix AT=localhost
    export NODE_COOKIE AT
    templates
    text 'a b"c\d&${HOME}'"'"'é<%>'
    rendered "$(otp)" 1
    DIST_PORT=9200
    export DIST_PORT
    rendered "$(otp)" 0
    plain
    text 'a b&c/é'
    sources ''
    rendered src 1
    sources "-start_epmd \${EPMD:-false} -erl_epmd_port \${DIST_PORT:?is needed}"
    rendered src 0
    plain
    unset TEXT NODE_COOKIE AT DIST_PORT
}

# text VALUE: what is to come through.
text() {
    TEXT=$1
    export TEXT
    printf '%s' "$TEXT" >"$work/text"
}

templates() {
    mkdir -p "$work/project/rel"
    printf '%s\n' '-sname {{ release.name }}@{{ env.AT }}' '-setcookie {{ secret("NODE_COOKIE") }}' \
        '{% if env.DIST_PORT is defined %}' '-start_epmd false' '-erl_epmd_port {{ env.DIST_PORT }}' '{% endif %}' \
        '+P {{ [cpu.count, 70000] | max }}' '-extra {{ env.TEXT | arg }} {{ otp.release }}' \
        >"$work/project/rel/vm.args.j2"
    printf '%s\n' '[{tiny, [{text, {{ env.TEXT | erl_binary }}}, {cpus, {{ cpu.count }}}]}].' \
        >"$work/project/rel/sys.config.j2"
    project ''
}

# sources FLAGS: relx's form.
# shellcheck disable=SC2016 # for the kit to expand
sources() {
    printf '%s\n' '-sname tiny@${AT}' "$1" '-setcookie ${NODE_COOKIE}' '+P 70000' \
        "-extra '\${TEXT}' \${LAST:-src}" >"$version_dir/vm.args.src"
    printf '%s\n' '[{tiny, [{text, <<"${TEXT}"/utf8>>}, {cpus, ${CPUS:-1}}]}].' >"$version_dir/sys.config.src"
}

# rendered LAST EPMDS: starts the node and asks what has become of the text and of the last argument.
rendered() {
    rm -rf "$RELEASE_TMP"
    try 0 "$tiny" start || return 0
    quiet
    is 0 'true 131072 "'"$1"'" true tiny@localhost' "$tiny" rpc --printed '{ok, T} = file:read_file("'"$work/text"'"),
        [A, L] = init:get_plain_arguments(), {ok, C} = application:get_env(tiny, cpus),
        io:format("~w ~w ~p ~w ~w", [unicode:characters_to_binary(A) =:= T, erlang:system_info(process_limit), L,
            application:get_env(tiny, text) =:= {ok, T} andalso C > 0, node()]).'
    quiet
    [ "$(pids epmd | wc -l)" -eq "$2" ] || fail "not $2 epmd"
    end
}
