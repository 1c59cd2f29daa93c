# Calls a function: `code` is [module, function | args], all texts of literals, with `more`, a list of
# arguments. Gives, by `answer`: :text {:value, text}, or {:term, value} when the text would cost the
# node much more memory than the value; :term {:term, value}; :nothing {:value, ""}; in all cases
# {:failed, text} for an exception and {:bad, position, text} for an argument that is no literal. The
# process ends when its group leader does. All in a function, as each variable outside of one would be
# sent back with its value.
(fn ->
  own? = fn {module, _, _, _} ->
    module in [:erl_eval, :erpc, Code, Module.ParallelChecker] or
      String.starts_with?(Atom.to_string(module), "elixir")
  end

  # What a literal stands for, without evaluating anything.
  literal = fn
    _, value when is_atom(value) or is_number(value) or is_binary(value) -> value
    it, [head | tail] when is_list(tail) -> [it.(it, head) | Enum.map(tail, &it.(it, &1))]
    _, [] -> []
    it, {left, right} -> {it.(it, left), it.(it, right)}
    it, {:{}, _, parts} when is_list(parts) -> List.to_tuple(it.(it, parts))
    it, {:%{}, _, pairs} when is_list(pairs) ->
      Map.new(pairs, fn
        {key, value} -> {it.(it, key), it.(it, value)}
        other -> throw({:no_literal, other})
      end)
    _, {:__aliases__, _, [first | _] = parts} = alias when is_atom(first) ->
      if Enum.all?(parts, &is_atom/1), do: Module.concat(parts), else: throw({:no_literal, alias})
    _, {:-, _, [value]} when is_number(value) -> -value
    _, {:+, _, [value]} when is_number(value) -> value
    _, {:<<>>, _, parts} = binary when is_list(parts) ->
      if Enum.all?(parts, &(is_binary(&1) or &1 in 0..255)),
        do: IO.iodata_to_binary(parts),
        else: throw({:no_literal, binary})
    _, other -> throw({:no_literal, other})
  end

  # In one line. From 1.16 on the message of a syntax error is a picture, and says why in its second.
  told = fn error ->
    text =
      case error do
        %{line: line, column: column, description: text} -> "line #{line}, column #{column}: #{text}"
        %{line: line, description: text} -> "line #{line}: #{text}"
        other -> Exception.message(other)
      end

    text |> String.split("\n") |> hd()
  end

  parse = fn source ->
    try do
      {:ok, literal.(literal, Code.string_to_quoted!(source))}
    rescue
      error -> {:error, told.(error)}
    catch
      :throw, {:no_literal, {:__block__, _, []}} -> {:error, "it is empty"}
      :throw, {:no_literal, part} -> {:error, Macro.to_string(part) <> " is no literal"}
    end
  end

  prepare = fn [module, function | sources] ->
    parsed =
      sources
      |> Enum.with_index(2)
      |> Enum.reduce_while({:ok, []}, fn {source, position}, {:ok, done} ->
        case parse.(source) do
          {:ok, value} -> {:cont, {:ok, [value | done]}}
          {:error, text} -> {:halt, {:bad, position, text}}
        end
      end)

    case {parse.(module), parsed} do
      {{:ok, name}, {:ok, args}} when is_atom(name) ->
        {:ok, fn -> apply(name, String.to_atom(function), Enum.reverse(args) ++ more) end}

      {{:ok, name}, bad} when is_atom(name) -> bad
      _ -> {:bad, 0, "a module is an alias (MyApp.Release) or an atom (:lists)"}
    end
  end

  show = fn value ->
    case answer do
      :nothing -> {:value, ""}
      :text when is_bitstring(value) and bit_size(value) > 2_097_152 -> {:term, value}
      :text -> {:value, inspect(value, pretty: true, limit: :infinity, printable_limit: :infinity)}
      :term -> {:term, value}
    end
  end

  Process.link(Process.group_leader())

  result =
    try do
      case prepare.(code) do
        {:ok, work} -> show.(work.())
        refused -> refused
      end
    catch
      kind, reason ->
        # The frames of the evaluation itself would hide the user's.
        {:failed, Exception.format(kind, reason, Enum.reject(__STACKTRACE__, own?))}
    end

  # Or else the result would come a second time, as the reason of the link's end.
  Process.unlink(Process.group_leader())
  result
end).()
