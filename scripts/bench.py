#!/usr/bin/env python3
"""Measures what commands cost: relboot's beside those of the scripts that relx and mix make.

Builds a release with each tool on the spot, starts its node once with the tool's own script and once
with our kit, and prints for each command the median wall time, the programs executed, the processes
made, and how many times quicker ours is. RUNS=N sets the number of measured runs (15).
"""

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = int(os.environ.get("RUNS", "15"))
SOURCE = Path(__file__).resolve().parent.parent
HOST = subprocess.check_output(["rustc", "--print", "host-tuple"], text=True).strip()
RELBOOT = Path(os.environ.get("CARGO_TARGET_DIR", SOURCE / "target")) / HOST / "release" / "relboot"
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}


def say(text):
    print(text, file=sys.stderr, flush=True)


def build(work, env):
    """A release by each tool, from its own template: {name: directory}."""
    say("building a release with rebar3 and one with mix ...")
    run = lambda *words, cwd: subprocess.run(words, cwd=cwd, env=env, check=True, **QUIET)
    run("rebar3", "new", "release", "name=rdemo", cwd=work)
    # With the host in the name relx need not boot a VM to ask for it: its best case.
    args = work / "rdemo/config/vm.args"
    args.write_text(args.read_text().replace("-sname rdemo", "-name rdemo@127.0.0.1"))
    run("rebar3", "as", "prod", "release", cwd=work / "rdemo")
    run("mix", "new", "mdemo", "--sup", cwd=work)
    run("mix", "release", cwd=work / "mdemo")
    return {
        "relx": work / "rdemo/_build/prod/rel/rdemo",
        "mix": work / "mdemo/_build/prod/rel/mdemo",
    }


def wall(command, env):
    """Median wall time in milliseconds, after two runs to warm up."""
    times = []
    for _ in range(RUNS + 2):
        before = time.perf_counter()
        subprocess.run(command, env=env, check=True, **QUIET)
        times.append((time.perf_counter() - before) * 1000)
    return statistics.median(times[2:])


def processes(command, env, log):
    """Successful execve calls and processes made, threads not counted."""
    calls = "trace=execve,clone,clone3,fork,vfork"
    subprocess.run(["strace", "-f", "-qq", "-e", calls, "-o", log, *command], env=env, check=True, **QUIET)
    text = Path(log).read_text()
    execs = len(re.findall(r"execve\(.*= 0$", text, re.M))
    made = [line for line in text.splitlines() if re.search(r"\b(clone3?|v?fork)\(|resumed", line)]
    forks = len([it for it in made if "CLONE_THREAD" not in it and re.search(r"= [1-9]\d*$", it) and "execve" not in it])
    return execs, forks


def wait_for(command, env):
    for _ in range(300):
        if subprocess.run(command, env=env, **QUIET).returncode == 0:
            return
        time.sleep(0.1)
    sys.exit(f"error: {command[0]} did not come up")


def measure(tool, release, commands, start, stop, probe, env, log, rows):
    """One node up, each command measured, the node down again."""
    entry = str(next(path for path in (release / "bin").iterdir() if path.name == release.name))
    subprocess.run([entry, *start], env=env, check=True, **QUIET)
    wait_for([entry, *probe], env)
    for label, words in commands.items():
        say(f"measuring {tool}: {label}")
        command = [entry, *words]
        rows.setdefault(label, {})[tool] = (wall(command, env), *processes(command, env, log))
    subprocess.run([entry, *stop], env=env, **QUIET)
    for _ in range(100):
        if subprocess.run([entry, *probe], env=env, **QUIET).returncode != 0:
            break
        time.sleep(0.1)
    time.sleep(1)


def hooks(release, env, log, rows):
    """What sourced hooks add to a command that needs no node."""
    entry = str(release / "bin" / release.name)
    for number in (0, 10, 100):
        for at in range(number):
            hook = release / f"plugins/{at:03}/pre_version"
            hook.parent.mkdir(parents=True, exist_ok=True)
            hook.write_text(":\n")
        command = [entry, "version"]
        say(f"measuring {number} hooks")
        rows[f"version, {number} sourced hooks"] = {"ours": (wall(command, env), *processes(command, env, log))}
    shutil.rmtree(release / "plugins")


def table(rows):
    print(f"{'command':28} {'tool':10} {'ms':>8} {'execve':>7} {'forks':>6}   ours is quicker")
    for label, tools in rows.items():
        ours = tools.get("ours")
        for tool, (ms, execs, forks) in tools.items():
            times = f"{ms / ours[0]:.0f} times" if ours and tool != "ours" else ""
            print(f"{label:28} {tool:10} {ms:8.1f} {execs:7} {forks:6}   {times}")


def main():
    work = Path(tempfile.mkdtemp(prefix="relboot-bench."))
    env = {
        "PATH": os.environ["PATH"], "HOME": str(work / "home"), "LANG": "C.UTF-8", "MIX_ENV": "prod",
        "HEX_OFFLINE": "1", "REBAR_OFFLINE": "1", "PIPE_DIR": f"{work}/pipes/",
        "ERL_EPMD_PORT": str(20000 + os.getpid() % 20000), "ERL_EPMD_ADDRESS": "127.0.0.1",
    }
    (work / "home").mkdir()
    log, rows = str(work / "trace"), {}
    epmd = subprocess.Popen(["epmd"], env=env, **QUIET)
    try:
        made = build(work, env)
        relx = {"ping": ["ping"], "pid": ["pid"], "rpc, Erlang": ["rpc", "erlang", "node"], "versions": ["versions"]}
        measure("relx", made["relx"], relx, ["daemon"], ["stop"], ["ping"], env, log, rows)
        mix = {"pid": ["pid"], "rpc, Elixir": ["rpc", "node()"], "version": ["version"]}
        measure("mix", made["mix"], mix, ["daemon"], ["stop"], ["pid"], env, log, rows)
        for release in made.values():
            subprocess.run([RELBOOT, "generate", release], env=env, check=True, **QUIET)
        ours = {"ping": ["ping"], "pid": ["pid"], "rpc, Erlang": ["rpc", "node()."], "versions": ["versions"]}
        measure("ours", made["relx"], ours, ["start"], ["stop"], ["ping"], env, log, rows)
        ours = {"rpc, Elixir": ["rpc", "node()"], "version": ["version"]}
        measure("ours", made["mix"], ours, ["start"], ["stop"], ["ping"], env, log, rows)
        hooks(made["relx"], env, log, rows)
    finally:
        epmd.kill()
        shutil.rmtree(work, ignore_errors=True)
    table(rows)


main()
