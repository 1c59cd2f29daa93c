#!/usr/bin/env escript
%% Makes a release "tiny" 0.1.0 of the OTP that runs this, as one does with systools alone.
%% usage: escript otp-release.escript DIR

main([Dir]) ->
    ok = file:set_cwd(Dir),
    ok = application(),
    Rel = "tiny.rel",
    Applications = [{Name, version(Name)} || Name <- [kernel, stdlib, sasl, crypto, asn1, public_key, ssl, tiny]],
    Release = {release, {"tiny", "0.1.0"}, {erts, erlang:system_info(version)}, Applications},
    ok = file:write_file(Rel, io_lib:format("~p.~n", [Release])),
    Options = [no_warn_sasl, silent, {path, ["."]}],
    {ok, _, _} = systools:make_script("tiny", Options),
    {ok, _, _} = systools:make_tar("tiny", [{erts, code:root_dir()} | Options]),
    ok = erl_tar:extract("tiny.tar.gz", [compressed, {cwd, "rel"}]),
    Releases = filename:absname("rel/releases"),
    %% As all build tools do: for a VM beside the node.
    ok = filelib:ensure_dir("rel/bin/x"),
    {ok, _} = file:copy(filename:join(code:root_dir(), "bin/start_clean.boot"), "rel/bin/start_clean.boot"),
    ok = file:write_file("rel/releases/start_erl.data", [erlang:system_info(version), " 0.1.0\n"]),
    ok = file:write_file("rel/releases/0.1.0/sys.config", "[].\n"),
    ok = file:write_file("rel/releases/0.1.0/vm.args", "-sname tiny\n"),
    ok = release_handler:create_RELEASES(filename:absname("rel"), Releases, filename:join([Releases, "0.1.0", Rel]), []).

application() ->
    App =
        {application, tiny, [
            {description, "nothing but a supervisor"},
            {vsn, "0.1.0"},
            {modules, [tiny]},
            {registered, []},
            {applications, [kernel, stdlib]},
            {mod, {tiny, []}}
        ]},
    ok = file:write_file("tiny.app", io_lib:format("~p.~n", [App])),
    ok = file:write_file("tiny.erl", [
        "-module(tiny).\n",
        "-behaviour(application).\n",
        "-behaviour(supervisor).\n",
        "-export([start/2, stop/1, init/1]).\n",
        "start(_, _) -> supervisor:start_link(?MODULE, []).\n",
        "stop(_) -> ok.\n",
        "init([]) -> {ok, {{one_for_one, 1, 1}, []}}.\n"
    ]),
    {ok, tiny} = compile:file("tiny.erl"),
    true = code:add_path("."),
    ok.

version(Name) ->
    case application:load(Name) of
        ok -> ok;
        {error, {already_loaded, Name}} -> ok
    end,
    {ok, Version} = application:get_key(Name, vsn),
    Version.
