"""The tables, as Markdown: always of the same layout."""

import datetime
import os
import platform
import re
import subprocess

import life
import prepare
from sections import HOOKS
from tools import QUESTIONS
from world import SOURCE

OTHERS = ("stop, until it returns", "stop, until the node is gone", "start, until the VM is executed")
ORDER = (*QUESTIONS, *OTHERS, *(f"start with {number} hooks before it" for number in HOOKS),
         prepare.ALONE, prepare.START, *life.ALL)
OURS = {"relx": "relboot, Erlang release", "relx, host in vm.args": "relboot, Erlang release",
        "erl_call": "relboot, Erlang release", "erl": "relboot, Elixir release", "mix": "relboot, Elixir release"}

HEAD = """# What commands cost

Measured by `make bench`, which writes this file. {runs} runs of each command after 2 to warm up; {slow} where each
takes a node or a VM of its own, twice as many for boots in the foreground. Starts of different tools are run in turn, as a
machine's speed changes from second to second. In the tables: the median of the wall time and its range; user and system time of the
command and its children, median; the largest memory of any one of its processes; programs executed (`execve`),
the first one included; processes made (threads are none).

{machine}

![wall time of ping, pid and rpc](commands.svg)
"""

NOTES = {
    "ping": "`mix` has no ping: its `pid` is the nearest.",
    "rpc": "The smallest call that each offers.",
    "eval in the node": "What `eval` means to relx; ours is `rpc`, or `eval` where the kit is configured so.",
    "eval in a fresh VM": "What `eval` means to mix: a VM with the release's code. Beside it a VM that does nothing at all.",
    "stop, until it returns": "Each on an idle node that was just started. Some return before the node has ended.",
    "stop, until the node is gone": "The node's own shutdown is in all of them: `erl_call` shows it alone.",
    "start, until the VM is executed":
        "The script's own work in the foreground: up to the moment at which it executes `erlexec` for the node, which a "
        "program in its place notes. A VM that the script boots to learn something is part of that work. The VM's own "
        "boot is the same for all and not in it.",
    f"start with {HOOKS[0]} hooks before it": "The same with empty hooks, which each tool sources.",
    prepare.ALONE:
        f"The helper, as a start script of ours calls it; {prepare.MANY} times as many runs. No other tool has this step by itself.",
    prepare.START:
        "As above, with vm.args and sys.config that take values of the host and two secrets: templates and sizing with ours, "
        "variables in `vm.args.src` and `sys.config.src` with relx; mix has `env.sh` and no such variables. What the step "
        "costs is the difference to the rows with nothing to do.",
    **life.NOTES,
}


def machine(world, load):
    """A list of what it was measured on."""
    cpu = re.search(r"model name\s*: (.*)", open("/proc/cpuinfo", encoding="utf-8").read())
    system = dict(re.findall(r'^(\w+)="?([^"\n]*)', open("/etc/os-release", encoding="utf-8").read(), re.M))
    otp = world.run("erl", "-noshell", "-eval", "io:put_chars(erlang:system_info(otp_release)), halt().")
    erts = world.run("erl", "-noshell", "-eval", "io:put_chars(erlang:system_info(version)), halt().")
    elixir = re.search(r"Elixir (\S+)", world.run("elixir", "--version")).group(1)
    rebar3 = world.run("rebar3", "--version").split()[1]
    numbers = lambda three: " ".join(f"{one:.2f}" for one in three)
    return "\n".join([
        f"- date: {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d}",
        f"- relboot: {commit()}",
        f"- OTP {otp} (erts {erts}), Elixir {elixir}, rebar3 {rebar3}",
        f"- {cpu.group(1) if cpu else platform.machine()}, {os.cpu_count()} cores; Linux {platform.release()}; "
        f"{system.get('PRETTY_NAME', 'unknown')}; /bin/sh is {os.path.basename(os.path.realpath('/bin/sh'))}",
        f"- load average before and after: {numbers(load)}; {numbers(os.getloadavg())}",
    ])


def commit():
    git = lambda *words: subprocess.run(["git", *words], cwd=SOURCE, text=True, capture_output=True).stdout.strip()
    # What a run itself writes is no change.
    changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!bench/RESULTS.md", ":!bench/commands.svg")
    return (git("rev-parse", "--short=10", "HEAD") or "unknown") + (" with changes" if changed else "")


def text(rows, machine_lines, runs, slow):
    parts = [HEAD.format(runs=runs, slow=slow, machine=machine_lines), claims(rows)]
    for question in (it for it in ORDER if it in rows):
        parts.append(table(question, rows[question]))
    parts.append("## Again\n\n    make bench                          # all of it, and this file\n"
                 "    make bench RUNS=1                   # quickly; writes nothing\n"
                 "    make bench ONLY=\"commands ours-mix mix\"\n"
                 "    make bench ONLY=prepare\n")
    return "\n".join(part for part in parts if part)


def table(question, tools):
    lines = [f"## {question}", ""]
    if question in NOTES:
        lines += [NOTES[question], ""]
    many = question == prepare.ALONE
    lines += [f"| tool | command | wall ms | {'95 of 100' if many else 'range'} | CPU ms | MiB | execve | forks | ours is quicker |",
              "|---|---|--:|--:|--:|--:|--:|--:|--:|"]
    for name, sample in sorted(tools.items(), key=lambda item: item[0].startswith("relboot")):
        command = "`" + sample.command.replace("|", "\\|") + "`"
        if sample.missing:
            lines.append(f"| {name} | {command} | {sample.missing} | | | | | | |")
            continue
        span = f"≤ {sample.p95:.1f}" if many else f"{min(sample.walls):.1f}–{max(sample.walls):.1f}"
        counts = " | ".join("?" if count is None else str(count) for count in (sample.execs, sample.forks))
        # Who does not wait for the end is not quicker.
        times = "" if question == "stop, until it returns" else ratio(name, sample, tools)
        lines.append(f"| {name} | {command} | {sample.wall:.1f} | {span} | {sample.cpu:.1f} | {sample.memory:.1f} | "
                     f"{counts} | {times} |")
    return "\n".join([*lines, ""])


def ratio(name, sample, tools):
    ours = tools.get(OURS.get(name))
    # Some questions one of our releases was asked only.
    ours = ours or next((it for tool, it in tools.items() if tool.startswith("relboot")), None)
    if name.startswith("relboot"):
        return ""
    return f"{sample.wall / ours.wall:.1f} times" if ours and not ours.missing else ""


def claims(rows):
    """What ours is held to: each pair with its factor."""
    erlang, elixir, host = "relboot, Erlang release", "relboot, Elixir release", "relx, host in vm.args"
    asked = [(question, elixir, "mix", question if question != "ping" else "pid", 40, "at least") for question in
             ("ping", "pid", "rpc")]
    asked += [(question, erlang, host, question, 6, "at least") for question in ("ping", "pid", "rpc")]
    asked += [(question, erlang, "erl_call", question, 2.5, "at most") for question in ("ping", "pid", "rpc")]
    lines = ["## What we hold ourselves to", "", "| | beside | asked for | found | |", "|---|---|---|--:|---|"]
    for question, ours, theirs, other, factor, bound in asked:
        mine, yours = rows.get(question, {}).get(ours), rows.get(other, {}).get(theirs)
        if not mine or not yours or mine.missing or yours.missing:
            continue
        found = yours.wall / mine.wall if bound == "at least" else mine.wall / yours.wall
        kept = found >= factor if bound == "at least" else found <= factor
        word = "as quick" if bound == "at least" else "as long"
        lines.append(f"| {question} | {theirs}: {other} | {bound} {factor} times {word} | {found:.1f} | "
                     f"{'yes' if kept else '**no**'} |")
    lines += [*prepare.claims(rows), *life.claims(rows)]
    return "\n".join([*lines, ""]) if len(lines) > 4 else ""
