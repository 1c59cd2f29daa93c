"""A node's life, from the call to what is known of it: start beside the other tools, stop, the foreground.

When a node is up it says itself, by an -eval in its vm.args, the last step of its boot: with it
init:get_status() is {started, started}."""

import os
import select
import shutil
import subprocess
import time

from measure import Sample
from sections import alive
from tools import TOOLS, cookie_of, entry, erl_call
from world import QUIET, until

UP = "start in the background, until the node is up"
KNOWN = "start in the background, until that is known"
LATE = "start, from the node's being up to the return"
STOP = "stop, from the end of the process to the return"
FOREGROUND = "foreground, until the node is up"
MEMORY = "foreground, memory of the supervisor"
ALL = (UP, KNOWN, LATE, STOP, FOREGROUND, MEMORY)
MARK = "-eval 'file:write_file(os:getenv(\"BENCH_BOOTED\"), integer_to_list(os:system_time(microsecond)))'\n"
# What a tool's users ask until it succeeds, as its start does not wait.
ASK = {"mix": "pid", "relx": "ping", "relx-host": "ping"}
COMPARED = ("mix", "relx-host", "ours-relx", "ours-mix")

NOTES = {
    UP: "From the call to the end of the boot, as the node notes it.",
    KNOWN: "Ours returns then; `daemon` of mix and relx returns at once, so its `pid` or `ping` is asked until it succeeds.",
    LATE: "How long ours returns after the node is up.",
    STOP: "From the end of the node's process to the end of the command.",
    FOREGROUND: "Beside `erlexec` with the same arguments and nothing in front of it.",
    MEMORY: "Resident, in the column MiB, half a second after the node is up; the wall time is that of one look.",
}


class Life:
    """Measures one copy of a release."""

    def __init__(self, sections, tool):
        self.sections, self.world, self.tool = sections, sections.world, tool
        original = sections.releases.get(tool.release)
        self.release = self.world.dir / f"life-{tool.release}" / original.name
        shutil.copytree(original, self.release, symlinks=True)
        self.version = next(self.release.glob("releases/*/vm.args")).parent
        vm_args = self.version / "vm.args"
        text = vm_args.read_text()
        vm_args.unlink()
        vm_args.write_text(f"{text}\n{MARK}")
        self.mark = self.world.dir / "booted"
        self.env = dict(self.world.env, BENCH_BOOTED=str(self.mark))
        self.ask = [erl_call(), "-sname", original.name, "-c", cookie_of(tool, self.release), "-R", "-timeout", "5", "-a"]

    def run(self, *words):
        return subprocess.run([entry(self.release), *words], env=self.env, **QUIET).returncode

    def booted(self):
        """When the node was up, in seconds of the clock."""
        until(f"boot of {self.tool.name}", lambda: self.mark.exists() and self.mark.read_text().isdigit())
        return int(self.mark.read_text()) / 1e6

    def node(self):
        done = subprocess.run([*self.ask, "os getpid"], env=self.env, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        return int(done.stdout.strip('"') or 0)

    def begin(self):
        self.mark.unlink(missing_ok=True)
        return time.time()

    def end(self, pid):
        subprocess.run([*self.ask, "init stop"], env=self.env, **QUIET)
        until(f"end of {self.tool.name}", lambda: not alive(pid))

    def background(self, runs):
        """Start and stop, by the tool's own commands."""
        word = self.tool.start[0]
        rows = {UP: Sample(f"{self.release.name} {word}"), KNOWN: Sample(f"{self.release.name} {word}")}
        asked = ASK.get(self.tool.release)
        if asked:
            rows[KNOWN].command += f", {asked} ..."
        else:
            rows[LATE] = Sample(f"{self.release.name} {word}")
            rows[STOP] = Sample(f"{self.release.name} stop")
        for _ in range(runs):
            begun = self.begin()
            self.run(*self.tool.start)
            while asked and self.run(asked) != 0:
                pass
            known = time.time()
            up = self.booted()
            put(rows[UP], up - begun)
            put(rows[KNOWN], known - begun)
            pid = self.node()
            if asked:
                self.end(pid)
                continue
            put(rows[LATE], known - up)
            put(rows[STOP], self.stopped(pid))
        return rows

    def stopped(self, pid):
        watched = os.pidfd_open(pid)
        with subprocess.Popen([entry(self.release), "stop"], env=self.env, **QUIET) as stop:
            select.select([watched], [], [], 60)
            gone = time.time()
            stop.wait()
            os.close(watched)
            return time.time() - gone

    def foreground(self, command, ready, memory):
        """One start: how long until it is up, and the memory of the process that was started."""
        begun = self.begin()
        with subprocess.Popen(command, env=self.plain(), **QUIET) as process:
            put(ready, self.booted() - begun)
            pid = self.node()
            # It idles once it knows that the node is up.
            time.sleep(0.5)
            looked = time.time()
            memory.memory = max(memory.memory, resident(process.pid))
            put(memory, time.time() - looked)
            self.end(pid)

    def plain(self):
        erts = next(self.release.glob("erts-*"))
        return dict(self.env, ROOTDIR=str(self.release), BINDIR=str(erts / "bin"), EMU="beam", PROGNAME="erl")

    def erlexec(self):
        erts = next(self.release.glob("erts-*"))
        return [str(erts / "bin/erlexec"), "-noinput", "-boot", str(self.version / "start"), "-mode", "embedded",
                "-boot_var", "ERTS_LIB_DIR", str(self.release / "lib"), "-config", str(self.version / "sys.config"),
                "-args_file", str(self.version / "vm.args")]


def put(sample, seconds):
    sample.walls.append(seconds * 1000)
    sample.cpus.append(0.0)


def resident(pid):
    """In MiB."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        line = next(line for line in status if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def section(sections):
    """Puts all tables."""
    lives = {tool.release: Life(sections, tool) for tool in TOOLS if tool.release in COMPARED}
    for life in lives.values():
        for question, sample in life.background(sections.slow).items():
            sections.put(question, life.tool.name, sample)
    foreground(sections, lives)
    for life in lives.values():
        shutil.rmtree(life.release.parent)


def foreground(sections, lives):
    """Of each in turn: a boot takes as long as the machine likes."""
    theirs, ours = lives["relx-host"], lives["ours-relx"]
    commands = [(life, life.tool.name, [entry(life.release), "foreground"]) for life in (theirs, ours)]
    commands.append((theirs, "erlexec", theirs.erlexec()))
    samples = {}
    for _ in range(2 * sections.slow):
        for life, name, command in commands:
            label = "erlexec" if name == "erlexec" else f"{life.release.name} foreground"
            life.foreground(command, *samples.setdefault(name, (Sample(label), Sample(label))))
    for name, (ready, _) in samples.items():
        sections.put(FOREGROUND, name, ready)
    sections.put(MEMORY, ours.tool.name, samples[ours.tool.name][1])


def claims(rows):
    """Lines of the table of what we hold ourselves to."""
    erlang, elixir = "relboot, Erlang release", "relboot, Elixir release"
    yes = lambda kept: "yes" if kept else "**no**"
    for question, bound in ((LATE, 30), (STOP, 20)):
        for name in (erlang, elixir):
            sample = rows.get(question, {}).get(name)
            if sample and not sample.missing:
                yield f"| {question} | {name} | at most {bound} ms | {sample.wall:.1f} | {yes(sample.wall <= bound)} |"
    for ours, theirs in ((erlang, "relx, host in vm.args"), (elixir, "mix")):
        mine, other = (rows.get(KNOWN, {}).get(name) for name in (ours, theirs))
        if mine and other and not mine.missing and not other.missing:
            found = other.wall / mine.wall
            yield f"| {KNOWN} | {theirs} | quicker | {found:.1f} times | {yes(found > 1)} |"
    mine, bare = (rows.get(FOREGROUND, {}).get(name) for name in (erlang, "erlexec"))
    if mine and bare:
        found = mine.wall - bare.wall
        yield f"| {FOREGROUND} | erlexec | at most 20 ms more | {found:.1f} | {yes(found <= 20)} |"
    memory = rows.get(MEMORY, {}).get(erlang)
    if memory:
        yield f"| {MEMORY} | | less than 2 MiB | {memory.memory:.1f} | {yes(memory.memory < 2)} |"
