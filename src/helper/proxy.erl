%% Speaks with a node for the client on file descriptor 0: first {ok, Name} or {error, Kind, Text}, then the
%% frames of distribution after its handshake, each with its length before it. The client's pids are of a
%% node that does not exist; behind each of them an agent lives here, which calls and hears for it.
[Node, Domain, Seconds] = init:get_plain_arguments(),
process_flag(trap_exit, true),
Port = open_port({fd, 0, 0}, [{packet, 4}, binary]),
Tell = fun(Term) -> port_command(Port, term_to_binary(Term, [{minor_version, 2}])) end,
Text = fun(Term) -> unicode:characters_to_binary(io_lib:format("~0tp", [Term])) end,
Fail = fun(Kind, Reason) -> Tell({error, Kind, Text(Reason)}), halt(1) end,
%% A dynamic name; its host part is the node's own: this host may know no long name of itself.
[_, Host] = string:split(Node, "@"),
Name = list_to_atom("undefined@" ++ Host),
case application:ensure_all_started(ssl) of
    {ok, _} -> ok;
    {error, Missing} -> Fail(ssl, Missing)
end,
Options = #{name_domain => list_to_atom(Domain), hidden => true, dist_listen => false},
Started =
    case erlang:function_exported(net_kernel, start, 2) of
        true -> catch net_kernel:start(Name, Options);
        false -> catch net_kernel:start([Name, list_to_atom(Domain)])
    end,
case Started of
    {ok, _} -> ok;
    Refused -> Fail(start, Refused)
end,
Remote = list_to_atom(Node),
%% What net_kernel hears of a connection that came to nothing is the only place that says why.
erlang:trace(whereis(net_kernel), true, ['receive']),
erlang:send_after(list_to_integer(Seconds) * 1000, self(), late),
Connector = self(),
spawn_link(fun() -> Connector ! {connected, net_kernel:connect_node(Remote)} end),
Connect = fun Connect(Why) ->
    receive
        {trace, _, 'receive', {'EXIT', _, Reason}} when Reason =/= normal -> Connect([Reason | Why]);
        {trace, _, 'receive', _} -> Connect(Why);
        {connected, true} -> ok;
        {connected, _} ->
            receive {trace, _, 'receive', {'EXIT', _, Last}} -> Fail(connect, [Last | Why])
            after 100 -> Fail(connect, Why)
            end;
        late -> Fail(late, Why);
        {'EXIT', Port, _} -> halt(0);
        {'EXIT', _, normal} -> Connect(Why)
    end
end,
Connect([]),
erlang:trace(whereis(net_kernel), false, ['receive']),
monitor_node(Remote, true),
Tell({ok, node()}),
Client = 'client@relboot',
Frame = fun(Control, Payload) ->
    Encode = fun(Term) -> term_to_binary(Term, [{minor_version, 2}]) end,
    catch port_command(Port, [112, Encode(Control) | [Encode(Term) || Term <- Payload]])
end,
%% Calls: client's reference by the one made here.
Agent = fun Agent(Me, Calls) ->
    receive
        {Connector, spawn, Request, {erpc, execute_call, 4}, [_, M, F, A], Opts} ->
            Own = make_ref(),
            Id = erlang:spawn_request(Remote, erpc, execute_call, [Own, M, F, A], Opts),
            Agent(Me, Calls#{Id => {Request, Own}});
        {spawn_reply, Id, Ok, What} when is_map_key(Id, Calls) ->
            {Request, _} = maps:get(Id, Calls),
            Frame({31, Request, Me, 0, What}, []),
            Agent(Me, case Ok of ok -> Calls; error -> maps:remove(Id, Calls) end);
        {'DOWN', Id, process, Pid, noconnection} when is_map_key(Id, Calls) -> Agent(Me, Calls);
        {'DOWN', Id, process, Pid, Reason} when is_map_key(Id, Calls) ->
            {{Request, Own}, Left} = maps:take(Id, Calls),
            Theirs =
                case is_tuple(Reason) andalso tuple_size(Reason) > 0 andalso element(1, Reason) =:= Own of
                    true -> setelement(1, Reason, Request);
                    false -> Reason
                end,
            Frame({21, Pid, Me, Request, Theirs}, []),
            Agent(Me, Left);
        {'EXIT', _, _} -> Agent(Me, Calls);
        Message -> Frame({2, '', Me}, [Message]), Agent(Me, Calls)
    end
end,
Find = fun(Pid) ->
    case get(Pid) of
        undefined ->
            New = spawn_link(fun() ->
                process_flag(trap_exit, true),
                group_leader(self(), self()),
                Agent(Pid, #{})
            end),
            put(Pid, New),
            New;
        Known -> Known
    end
end,
Map = fun
    Map(Pid) when is_pid(Pid), node(Pid) =:= Client -> Find(Pid);
    Map([Head | Tail]) -> [Map(Head) | Map(Tail)];
    Map(Tuple) when is_tuple(Tuple) -> list_to_tuple(Map(tuple_to_list(Tuple)));
    Map(Other) -> Other
end,
Handle = fun
    ({29, Request, From, _, Mfa, Opts}, [Args]) -> Find(From) ! {Connector, spawn, Request, Mfa, Map(Args), Opts};
    ({2, _, To}, [Message]) -> Map(To) ! Map(Message);
    ({22, _, To}, [Message]) -> Map(To) ! Map(Message);
    ({6, _, _, Name}, [Message]) -> {Name, Remote} ! Map(Message);
    ({8, _, To, Reason}, []) -> exit(To, Reason);
    ({26, _, To}, [Reason]) -> exit(To, Reason);
    (_, _) -> ok
end,
Serve = fun Serve() ->
    receive
        {Port, {data, <<112, Bytes/binary>>}} ->
            {Control, Used} = binary_to_term(Bytes, [used]),
            case Bytes of
                <<_:Used/binary>> -> Handle(Control, []);
                <<_:Used/binary, Payload/binary>> -> Handle(Control, [binary_to_term(Payload)])
            end,
            Serve();
        {Port, {data, _}} -> Serve();
        {nodedown, Remote} -> halt(0);
        {'EXIT', Port, _} -> halt(0);
        _ -> Serve()
    end
end,
Serve().
