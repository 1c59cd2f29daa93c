%% Does Code: {expression, Source} with Bindings, or {call, [Module, Function | Args], More}, all
%% texts of terms but More, a list of arguments. Texts are binaries of UTF-8. Gives, by Answer:
%% text: {value, Text}, or {term, Value} when the text would cost the node much more memory than
%% the value; term: {term, Value}; nothing: {value, <<>>}; in all three {failed, Text} for an
%% exception and {bad, Position, Text} for an argument that is no term. raise: {term, Value}, and
%% exceptions go through. With Link the process ends when its group leader does.
%%
%% No fun on the way of an expression: erl_eval looks through all the code of one to make it, which
%% takes longer than all the rest.
begin
    Leader = group_leader(),
    _ = Link andalso link(Leader),
    Work =
        case Code of
            {expression, Source} ->
                case erl_scan:string(unicode:characters_to_list(Source), {1, 1}) of
                    {ok, [], _} ->
                        {syntax, none};
                    {ok, Tokens, _} ->
                        Dotted =
                            case lists:last(Tokens) of
                                {dot, _} -> Tokens;
                                Last -> Tokens ++ [{dot, element(2, Last)}]
                            end,
                        case erl_parse:parse_exprs(Dotted) of
                            {ok, Exprs} -> {exprs, Exprs};
                            {error, Problem} -> {syntax, Problem}
                        end;
                    {error, Problem, _} ->
                        {syntax, Problem}
                end;
            {call, Sources, More} ->
                Parse = fun(Text) ->
                    case erl_scan:string(unicode:characters_to_list(Text), {1, 1}) of
                        {ok, [], _} ->
                            {error, none};
                        {ok, Words, _} ->
                            case lists:last(Words) of
                                {dot, _} -> erl_parse:parse_term(Words);
                                End -> erl_parse:parse_term(Words ++ [{dot, element(2, End)}])
                            end;
                        {error, Bad, _} ->
                            {error, Bad}
                    end
                end,
                Argument = fun
                    (Text, {ok, Done}) ->
                        case Parse(Text) of
                            {ok, Term} -> {ok, [Term | Done]};
                            {error, Bad} -> {bad, length(Done), Bad}
                        end;
                    (_, Bad) ->
                        Bad
                end,
                case lists:foldl(Argument, {ok, []}, Sources) of
                    {ok, Reversed} ->
                        case lists:reverse(Reversed) of
                            [M, F | Args] when is_atom(M), is_atom(F) -> {apply, M, F, Args ++ More};
                            [M | _] when is_atom(M) -> {bad, 1, <<"a function's name is an atom">>};
                            _ -> {bad, 0, <<"a module's name is an atom">>}
                        end;
                    Refused ->
                        Refused
                end
        end,
    try
        case Work of
            {exprs, Forms} when Answer =:= raise ->
                {term, element(2, erl_eval:exprs(Forms, Bindings))};
            Wrong when element(1, Wrong) =:= syntax; element(1, Wrong) =:= bad ->
                Why =
                    case element(tuple_size(Wrong), Wrong) of
                        none ->
                            <<"there is nothing to evaluate">>;
                        Told when is_binary(Told) ->
                            Told;
                        {Where, Module, Info} ->
                            Place =
                                case Where of
                                    {Line, Column} -> io_lib:format("line ~w, column ~w: ", [Line, Column]);
                                    Line when is_integer(Line) -> io_lib:format("line ~w: ", [Line]);
                                    _ -> ""
                                end,
                            unicode:characters_to_binary([Place, Module:format_error(Info)])
                    end,
                case Wrong of
                    {bad, Position, _} -> {bad, Position, Why};
                    {syntax, _} when Answer =:= raise -> erlang:error({syntax_error, Why});
                    {syntax, none} -> {failed, Why};
                    {syntax, _} -> {failed, <<"syntax error in ", Why/binary>>}
                end;
            _ ->
                try
                    Value =
                        case Work of
                            {exprs, Forms} -> element(2, erl_eval:exprs(Forms, Bindings));
                            {apply, Name, Function, List} -> apply(Name, Function, List)
                        end,
                    case Answer of
                        nothing ->
                            {value, <<>>};
                        text ->
                            case erlang:external_size(Value) > 262144 of
                                true -> {term, Value};
                                false -> {value, unicode:characters_to_binary(io_lib:format("~tp", [Value]))}
                            end;
                        term ->
                            {term, Value}
                    end
                catch
                    Class:Reason:Stack ->
                        %% The frames of the evaluation itself would hide the user's.
                        Theirs = [It || It <- Stack, not lists:member(element(1, It), [erl_eval, erpc])],
                        _ = code:ensure_loaded(erl_error),
                        Explained =
                            case erlang:function_exported(erl_error, format_exception, 3) of
                                true ->
                                    erl_error:format_exception(Class, Reason, Theirs);
                                false ->
                                    %% Before OTP 24: what the shell of those calls, with what
                                    %% format_exception/3 chooses.
                                    All = fun(_, _, _) -> false end,
                                    Print = fun(Part, At) -> io_lib:print(Part, At, 80, 30) end,
                                    erl_error:format_exception(1, Class, Reason, Theirs, All, Print, unicode)
                            end,
                        {failed, unicode:characters_to_binary(io_lib:format("~ts", [Explained]))}
                end
        end
    after
        %% Or else the result would come a second time, as the reason of the link's end.
        Link andalso unlink(Leader)
    end
end.
