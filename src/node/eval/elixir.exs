# Evaluates `source`; gives {:value, text} or {:failed, text}.
try do
  {value, _} = Code.eval_string(source, [], file: "eval")
  {:value, inspect(value, pretty: true, limit: :infinity, printable_limit: :infinity)}
catch
  kind, reason ->
    # The frames of the evaluation itself would hide the user's.
    own = [:erl_eval, :elixir, :elixir_eval, :elixir_compiler, :elixir_dispatch, :erpc, Code, Module.ParallelChecker]
    stack = Enum.reject(__STACKTRACE__, &(elem(&1, 0) in own))
    {:failed, Exception.format(kind, reason, stack)}
end
