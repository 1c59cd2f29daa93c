# Evaluates `source`; gives {:value, text} or {:failed, text}.
own? = fn {module, _, _, _} ->
  module in [:erl_eval, :erpc, Code, Module.ParallelChecker] or
    String.starts_with?(Atom.to_string(module), "elixir")
end

run = fn ->
  try do
    {value, _} = Code.eval_string(source, [], file: "eval")
    {:value, inspect(value, pretty: true, limit: :infinity, printable_limit: :infinity)}
  catch
    kind, reason ->
      # The frames of the evaluation itself would hide the user's.
      {:failed, Exception.format(kind, reason, Enum.reject(__STACKTRACE__, own?))}
  end
end

# From 1.15 on the reasons of a compile error go to the node's log, unless they are asked for.
if function_exported?(Code, :with_diagnostics, 2) do
  {result, diagnostics} = apply(Code, :with_diagnostics, [[log: false], run])
  errors = for %{severity: :error, message: message} <- diagnostics, do: ["error: ", message, "\n"]

  case result do
    {:failed, text} -> {:failed, IO.iodata_to_binary([errors, text])}
    value -> value
  end
else
  run.()
end
