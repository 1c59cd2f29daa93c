%% Evaluates Source, a binary of UTF-8, with Bindings. Mode is text: {value, Text} or
%% {failed, Text}, or term: the value itself, and exceptions go through.
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
Parsed =
    case erl_scan:string(unicode:characters_to_list(Source), {1, 1}) of
        {ok, [], _} ->
            {error, <<"there is nothing to evaluate">>};
        {ok, Tokens, _} ->
            case erl_parse:parse_exprs(Dotted(Tokens)) of
                {ok, Exprs} -> {ok, Exprs};
                {error, Problem} -> {error, Syntax(Problem)}
            end;
        {error, Problem, _} ->
            {error, Syntax(Problem)}
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
%% The frames of the evaluation itself would hide the user's.
Trim = fun(Stack) ->
    [Frame || Frame <- Stack, not lists:member(element(1, Frame), [erl_eval, erpc])]
end,
Explain = fun(Class, Reason, Stack) ->
    _ = code:ensure_loaded(erl_error),
    case erlang:function_exported(erl_error, format_exception, 3) of
        true -> Text("~ts", [erl_error:format_exception(Class, Reason, Stack)]);
        false -> Text("exception ~w: ~tp~n  in ~tp", [Class, Reason, Stack])
    end
end,
case {Mode, Parsed} of
    {text, {error, Message}} ->
        {failed, <<"syntax error in ", Message/binary>>};
    {term, {error, Message}} ->
        erlang:error({syntax_error, Message});
    {term, {ok, Forms}} ->
        Run(Forms);
    {text, {ok, Forms}} ->
        try Run(Forms) of
            Result -> {value, Text("~tp", [Result])}
        catch
            Class:Reason:Stack -> {failed, Explain(Class, Reason, Trim(Stack))}
        end
end.
