%% Evaluates the text that the core passes, and ends the VM: 0, or 9 after an exception. Constant: nothing of
%% the user's is put into it. ELIXIR is replaced by true or false.
Elixir = ELIXIR,
%% As UTF-8, whatever the locale; the terminal's own reader stays in charge, and gives eof afterwards. In lists of
%% characters: what binaries are is not the same in each OTP.
Input = fun Read(Parts) ->
    case io:get_chars("", 65536) of
        Part when is_list(Part) ->
            Read([Parts, Part]);
        eof ->
            Text = unicode:characters_to_binary(Parts),
            %% OTP 27 still reads bytes where the locale is C.
            Bytes = try iolist_to_binary(Parts) catch error:badarg -> Text end,
            case file:native_name_encoding() =:= latin1 andalso is_list(unicode:characters_to_list(Bytes)) of
                true -> Bytes;
                false -> Text
            end;
        {error, _} ->
            io:put_chars(standard_error, "error: standard input is not UTF-8\n"),
            halt(1)
    end
end,
Text = fun() ->
    case {os:getenv("_boot_eval_file"), os:getenv("_boot_eval_source")} of
        {false, Given} ->
            %% Where names are latin1 (LANG=C), each byte has become a character.
            case file:native_name_encoding() of
                latin1 -> list_to_binary(Given);
                utf8 -> unicode:characters_to_binary(Given)
            end;
        {"/dev/stdin", _} ->
            Options = [Option || Option <- io:getopts(), lists:member(element(1, Option), [binary, encoding])],
            ok = io:setopts([list, {encoding, unicode}]),
            Bytes = Input([]),
            ok = io:setopts(Options),
            Bytes;
        {File, _} ->
            case file:read_file(File) of
                {ok, Bytes} ->
                    Bytes;
                {error, Why} ->
                    io:format(standard_error, "error: cannot read ~ts: ~ts~n", [File, file:format_error(Why)]),
                    halt(1)
            end
    end
end,
Refuse = fun(Message) ->
    io:put_chars(standard_error, ["error: ", string:trim(Message, trailing), $\n]),
    {refused, 9}
end,
Own = fun(Module) ->
    lists:member(Module, [erl_eval, init, 'Elixir.Code', 'Elixir.Kernel.CLI', 'Elixir.Module.ParallelChecker'])
        orelse lists:prefix("elixir", atom_to_list(Module))
end,
Trim = fun(Stack) -> [Frame || Frame <- Stack, not Own(element(1, Frame))] end,
Explain = fun(Class, Reason, Stack) ->
    _ = code:ensure_loaded(erl_error),
    case erlang:function_exported(erl_error, format_exception, 3) of
        _ when Elixir -> 'Elixir.Exception':format(Class, Reason, Trim(Stack));
        true -> erl_error:format_exception(Class, Reason, Trim(Stack));
        false ->
            %% Before OTP 24: what the shell of those calls, with what format_exception/3 chooses.
            All = fun(_, _, _) -> false end,
            Print = fun(Value, Column) -> io_lib:print(Value, Column, 80, 30) end,
            erl_error:format_exception(1, Class, Reason, Trim(Stack), All, Print, unicode)
    end
end,
Wrong = fun
    ({Line, Module, Info}) when is_integer(Line) ->
        Refuse(io_lib:format("syntax error in line ~w: ~ts", [Line, Module:format_error(Info)]));
    ({{Line, Column}, Module, Info}) ->
        Refuse(io_lib:format("syntax error in line ~w, column ~w: ~ts", [Line, Column, Module:format_error(Info)]));
    ({_, Module, Info}) ->
        Refuse(io_lib:format("syntax error: ~ts", [Module:format_error(Info)]))
end,
Parse = fun(Source) ->
    case erl_scan:string(unicode:characters_to_list(Source), {1, 1}) of
        {ok, [], _} ->
            Refuse("there is nothing to evaluate");
        {ok, Tokens, _} ->
            Last = lists:last(Tokens),
            Dot = [{dot, element(2, Last)} || element(1, Last) =/= dot],
            case erl_parse:parse_exprs(Tokens ++ Dot) of
                {ok, Exprs} -> {ok, Exprs};
                {error, Problem} -> Wrong(Problem)
            end;
        {error, Problem, _} ->
            Wrong(Problem)
    end
end,
Run = fun
    (Source) when Elixir ->
        'Elixir.Code':eval_string(Source, [], [{file, <<"eval">>}]),
        {done, 0};
    (Source) ->
        case Parse(Source) of
            {ok, Exprs} ->
                erl_eval:exprs(Exprs, erl_eval:new_bindings()),
                {done, 0};
            Refused ->
                Refused
        end
end,
Guarded = fun(Source) ->
    try
        Done = Run(Source),
        %% Code that has called init:stop(N) means that status.
        case init:get_status() of
            {stopping, _} -> receive after infinity -> Done end;
            _ -> Done
        end
    catch
        exit:normal:_ -> {done, 0};
        exit:{shutdown, Status}:_ when Elixir, is_integer(Status) -> {refused, Status};
        Class:Reason:Stack -> Refuse(Explain(Class, Reason, Stack))
    end
end,
Main = fun() ->
    case init:notify_when_started(self()) of
        started -> ok;
        ok -> receive {init, started} -> ok end
    end,
    %% As the locale has it, which the VM without a shell looks at from OTP 26 on.
    _ = [io:setopts([{encoding, unicode}]) || file:native_name_encoding() =:= utf8],
    Source = Text(),
    _ = [os:unsetenv(Name) || Name <- ["_boot_eval_file", "_boot_eval_source"]],
    case Elixir of
        true ->
            {ok, _} = application:ensure_all_started(elixir),
            _ = case code:ensure_loaded('Elixir.Logger') of
                {module, _} -> application:ensure_all_started(logger);
                _ -> no_logger
            end,
            'Elixir.System':argv([unicode:characters_to_binary(Word) || Word <- init:get_plain_arguments()]),
            %% As escripts of mix end: at_exit hooks, a flushed log, halt.
            'Elixir.Kernel.CLI':run(fun(Nothing) ->
                case Guarded(Source) of
                    {done, 0} -> Nothing;
                    {refused, Status} -> exit({shutdown, Status})
                end
            end);
        false ->
            %% A process of its own: what it is linked to may end it.
            {Pid, Monitor} = spawn_monitor(fun() -> exit({eval, Guarded(Source)}) end),
            receive
                {'DOWN', Monitor, process, Pid, {eval, {_, Status}}} -> halt(Status);
                {'DOWN', Monitor, process, Pid, Reason} -> halt(element(2, Refuse(Explain(exit, Reason, []))))
            end
    end
end,
%% Not in the VM's boot itself, which init:stop would wait for.
spawn(fun() ->
    try Main()
    catch
        Class:Reason:Stack ->
            io:format(standard_error, "error: eval: ~w: ~tp~n~tp~n", [Class, Reason, Stack]),
            halt(1)
    end
end).
