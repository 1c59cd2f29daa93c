%% Evaluates Source, a binary of Elixir in UTF-8. Gives, by Answer: text: {value, Text}, or {term,
%% Value} when the text would cost the node much more memory than the value; term: {term, Value};
%% nothing: {value, <<>>}; in all three {failed, Text} for an exception; no_elixir on a node without.
%% The process ends when its group leader does. In Erlang, and with one small fun, since either Elixir
%% or more of them would take longer than all the rest.
begin
    Leader = group_leader(),
    link(Leader),
    Run = fun() ->
        try
            {done, element(1, 'Elixir.Code':eval_string(Source, [], [{file, <<"eval">>}]))}
        catch
            C:R:S -> {raised, C, R, S}
        end
    end,
    Result =
        case code:ensure_loaded('Elixir.Code') of
            {module, _} ->
                %% From 1.15 on the reasons of a compile error go to the node's log, unless they are asked for.
                {Outcome, Diagnostics} =
                    case erlang:function_exported('Elixir.Code', with_diagnostics, 2) of
                        true -> 'Elixir.Code':with_diagnostics([{log, false}], Run);
                        false -> {Run(), []}
                    end,
                try
                    case Outcome of
                        {done, _} when Answer =:= nothing ->
                            {value, <<>>};
                        {done, Value} when Answer =:= term; bit_size(Value) > 2097152 ->
                            {term, Value};
                        {done, Value} ->
                            Options = [{pretty, true}, {limit, infinity}, {printable_limit, infinity}],
                            {value, 'Elixir.Kernel':inspect(Value, Options)};
                        {raised, Class, Reason, Stack} ->
                            erlang:raise(Class, Reason, Stack)
                    end
                catch
                    Kind:Why:Trace ->
                        %% The frames of the evaluation itself would hide the user's.
                        Own = [erl_eval, erpc, 'Elixir.Code', 'Elixir.Module.ParallelChecker'],
                        Theirs = [
                            Frame
                         || Frame <- Trace,
                            not lists:member(element(1, Frame), Own),
                            string:prefix(atom_to_list(element(1, Frame)), "elixir") =:= nomatch
                        ],
                        Errors = [
                            ["error: ", maps:get(message, It), "\n"]
                         || It <- Diagnostics, maps:get(severity, It, none) =:= error
                        ],
                        Text = 'Elixir.Exception':format(Kind, Why, Theirs),
                        {failed, unicode:characters_to_binary([Errors, Text])}
                end;
            {error, _} ->
                no_elixir
        end,
    %% Or else the result would come a second time, as the reason of the link's end.
    unlink(Leader),
    Result
end.
