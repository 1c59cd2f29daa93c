%% Does Code: {expression, Source} with Bindings, or {call, [Module, Function | Args], More}, all
%% texts of terms but More, a list of arguments. Texts are binaries of UTF-8. Gives, by Answer:
%% text: {value, Text}, or {term, Value} when the text would cost the node much more memory than
%% the value; term: {term, Value}; nothing: {value, <<>>}; in all three {failed, Text} for an
%% exception and {bad, Position, Text} for an argument that is no term. raise: {term, Value}, and
%% exceptions go through. With Link the process ends when its group leader does.
%%
%% All in a fun, as each variable outside of one would be sent back with its value.
(fun() ->
    Text = fun(Format, Args) -> unicode:characters_to_binary(io_lib:format(Format, Args)) end,
    Syntax = fun
        ({Line, Module, Info}) when is_integer(Line) ->
            Text("line ~w: ~ts", [Line, Module:format_error(Info)]);
        ({{Line, Column}, Module, Info}) ->
            Text("line ~w, column ~w: ~ts", [Line, Column, Module:format_error(Info)]);
        ({_, Module, Info}) ->
            Text("~ts", [Module:format_error(Info)])
    end,
    Dotted = fun(Tokens) ->
        case lists:last(Tokens) of
            {dot, _} -> Tokens;
            Last -> Tokens ++ [{dot, element(2, Last)}]
        end
    end,
    Parse = fun(Source, With) ->
        case erl_scan:string(unicode:characters_to_list(Source), {1, 1}) of
            {ok, [], _} ->
                {error, <<"there is nothing to evaluate">>};
            {ok, Tokens, _} ->
                case erl_parse:With(Dotted(Tokens)) of
                    {ok, Parsed} -> {ok, Parsed};
                    {error, Problem} -> {error, Syntax(Problem)}
                end;
            {error, Problem, _} ->
                {error, Syntax(Problem)}
        end
    end,
    Argument = fun
        (Source, {ok, Done}) ->
            case Parse(Source, parse_term) of
                {ok, Value} -> {ok, [Value | Done]};
                {error, Message} -> {bad, length(Done), Message}
            end;
        (_, Bad) ->
            Bad
    end,
    Run = fun(Exprs) ->
        Bound = lists:foldl(
            fun({Name, Value}, Acc) -> erl_eval:add_binding(Name, Value, Acc) end,
            erl_eval:new_bindings(),
            Bindings
        ),
        {value, Value, _} = erl_eval:exprs(Exprs, Bound),
        Value
    end,
    Prepared =
        case Code of
            {expression, Source} ->
                case Parse(Source, parse_exprs) of
                    {ok, Exprs} -> {ok, fun() -> Run(Exprs) end};
                    {error, Message} when Answer =:= raise -> erlang:error({syntax_error, Message});
                    {error, Message} -> {failed, <<"syntax error in ", Message/binary>>}
                end;
            {call, Sources, More} ->
                case lists:foldl(Argument, {ok, []}, Sources) of
                    {ok, Reversed} ->
                        case lists:reverse(Reversed) of
                            [M, F | Args] when is_atom(M), is_atom(F) ->
                                {ok, fun() -> apply(M, F, Args ++ More) end};
                            [M | _] when is_atom(M) ->
                                {bad, 1, <<"a function's name is an atom">>};
                            _ ->
                                {bad, 0, <<"a module's name is an atom">>}
                        end;
                    Bad ->
                        Bad
                end
        end,
    %% The frames of the evaluation itself would hide the user's.
    Trim = fun(Stack) ->
        [Frame || Frame <- Stack, not lists:member(element(1, Frame), [erl_eval, erpc])]
    end,
    Explain = fun(Class, Reason, Stack) ->
        _ = code:ensure_loaded(erl_error),
        case erlang:function_exported(erl_error, format_exception, 3) of
            true ->
                Text("~ts", [erl_error:format_exception(Class, Reason, Stack)]);
            false ->
                %% Before OTP 24: what the shell of those calls, with what format_exception/3 chooses.
                All = fun(_, _, _) -> false end,
                Print = fun(Value, Column) -> io_lib:print(Value, Column, 80, 30) end,
                Text("~ts", [erl_error:format_exception(1, Class, Reason, Stack, All, Print, unicode)])
        end
    end,
    Show = fun(Value) ->
        case Answer of
            nothing -> {value, <<>>};
            text ->
                case erlang:external_size(Value) > 262144 of
                    true -> {term, Value};
                    false -> {value, Text("~tp", [Value])}
                end;
            _ -> {term, Value}
        end
    end,
    Leader = group_leader(),
    _ = Link andalso link(Leader),
    try
        case Prepared of
            {ok, Work} when Answer =:= raise ->
                {term, Work()};
            {ok, Work} ->
                try
                    Show(Work())
                catch
                    Class:Reason:Stack -> {failed, Explain(Class, Reason, Trim(Stack))}
                end;
            Refused ->
                Refused
        end
    after
        %% Or else the result would come a second time, as the reason of the link's end.
        Link andalso unlink(Leader)
    end
end)().
