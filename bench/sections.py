"""What is measured, section by section; each returns {question: {tool: Sample}}."""

import contextlib
import shutil
import subprocess

import measure
from measure import Failed, Sample
from releases import HOOKS
from tools import QUESTIONS, TOOLS, cookie_of, entry, erl_call, is_missing
from world import QUIET, say, until


class Node:
    """A node that a tool has started, asked and ended by erl_call: no tool's own commands are in it."""

    def __init__(self, world, tool, release):
        self.world, self.tool, self.release = world, tool, release
        self.ask = [erl_call(), "-sname", release.name, "-c", cookie_of(tool, release), "-R"]

    def answer(self, *call):
        done = subprocess.run([*self.ask, "-timeout", "5", "-a", " ".join(call)], env=self.world.env,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, text=True)
        return done.stdout if done.returncode == 0 else ""

    def __enter__(self):
        subprocess.run([entry(self.release), *self.tool.start], env=self.world.env, check=True, **QUIET)
        until(f"start of {self.tool.name}", lambda: self.answer("init", "get_status").startswith("{started"))
        self.pid = self.answer("os", "getpid").strip('"')
        return self

    def __exit__(self, *_):
        self.answer("init", "stop")
        until(f"stop of {self.tool.name}", lambda: not alive(self.pid))


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class Sections:
    """The measurements; `rows` holds what was found."""

    def __init__(self, world, releases, runs):
        self.world, self.releases, self.runs = world, releases, runs
        self.slow = max(1, runs // 3)
        self.rows = {}

    def put(self, question, tool, sample):
        self.rows.setdefault(question, {})[tool] = sample
        what = sample.missing or f"{sample.wall:.1f} ms"
        say(f"{question}: {tool}: {sample.command}: {what}")

    def commands(self, tool):
        """Each question to a running node of the tool."""
        try:
            release = self.releases.get(tool.release)
        except SystemExit:
            if not tool.release.endswith("-node"):
                raise
            self.put("eval in the node", tool.name, Sample("eval 1", missing="this relboot has no such setting"))
            return
        with Node(self.world, tool, release) as node:
            for question in (it for it in QUESTIONS if it in tool.commands):
                words = tool.commands[question]
                if is_missing(tool, question, release):
                    sample = Sample(" ".join(words), missing="this kit has no such command")
                else:
                    runs = self.slow if question == "eval in a fresh VM" else self.runs
                    sample = measure.sample(self.world, runs, [entry(release), *words])
                self.put(question, tool.name, sample)
            if tool.name == "relx":
                self.bare(node)

    def bare(self, node):
        """erl_call, with nothing in front of it, asking the same node; and a bare VM."""
        expression = self.world.dir / "expression"
        expression.write_text("1.")
        for question, words in {"ping": [], "pid": ["-a", "os getpid"], "rpc": ["-e"], "eval in the node": ["-e"]}.items():
            stdin = expression if words == ["-e"] else None
            label = " ".join(["erl_call", *words] + (["<FILE"] if stdin else []))
            sample = measure.sample(self.world, self.runs, [*node.ask, *words], label, stdin)
            self.put(question, "erl_call", sample)
        command = ["erl", "-noshell", "-boot", "start_clean", "-eval", "1, halt()."]
        self.put("eval in a fresh VM", "erl", measure.sample(self.world, self.slow, command, "erl -eval"))

    def stop(self, tool):
        """Each run stops a node that was started for it."""
        release = self.releases.get(tool.release)
        self.stop_by(tool, release, [entry(release), "stop"], tool.name)
        if tool.release == "mix":
            name, cookie = release.name, cookie_of(tool, release)
            command = [erl_call(), "-sname", name, "-c", cookie, "-R", "-a", "init stop"]
            self.stop_by(tool, release, command, "erl_call", "erl_call -a 'init stop'")

    def stop_by(self, tool, release, command, name, label=None):
        returns, gone = Sample(label or measure.shown(command)), Sample(label or measure.shown(command))
        for run in range(self.slow + 1):
            with Node(self.world, tool, release) as node:
                try:
                    wall, cpu, rss, until_gone = measure.once(self.world, 1, command, gone=node.pid)[0]
                    if run == 0:
                        continue
                    measure.add(returns, wall, cpu, rss)
                    measure.add(gone, until_gone, cpu, rss)
                except Failed as failed:
                    returns.missing = gone.missing = f"failed: {failed}"
        with Node(self.world, tool, release) as node:
            counts = measure.processes(self.world, command)
        for sample, question in ((returns, "stop, until it returns"), (gone, "stop, until the node is gone")):
            sample.execs, sample.forks = counts
            self.put(question, name, sample)

    def starts(self, question, started, hooks=0):
        """The script's own work, up to the moment at which it executes erlexec; of each (name, tool, release) in turn, as
        a machine's speed changes from second to second."""
        copies = [(name, self.tapped(tool, release, hooks), tool.foreground) for name, tool, release in started]
        samples = {name: Sample(measure.shown([entry(copy), word])) for name, copy, word in copies}
        for run in range(self.runs + measure.WARM):
            for name, copy, word in copies:
                self.tap(samples[name], copy, word, run >= measure.WARM)
        for name, copy, word in copies:
            self.count(samples[name], copy, word)
            self.put(question, name, samples[name])
            shutil.rmtree(copy)

    def tapped(self, tool, release_name, hooks):
        """A copy with so many hooks, whose erlexec notes when it is executed."""
        name = release_name or tool.release
        copy = self.releases.tapped(self.releases.get(name), f"{name}-{hooks}")
        if hooks and tool.release.startswith("ours"):
            for at in range(hooks):
                hook = copy / f"plugins/{at:04}/pre_foreground"
                hook.parent.mkdir(parents=True)
                hook.write_text(":\n")
        return copy

    def tap(self, sample, copy, word, counts):
        """One start."""
        with self.tap_log() as log, failures(sample):
            _, cpu, rss, _ = measure.once(self.world, 1, [entry(copy), word])[0]
            if counts:
                measure.add(sample, boots(log)[0] / 1000, cpu, rss)

    def count(self, sample, copy, word):
        """Its processes."""
        with self.tap_log() as log, failures(sample):
            counted = measure.processes(self.world, [entry(copy), word], None, lambda: str(boots(log)[1]), log)
            # A VM of the script's own passes by the tap: one execve that is not in real life.
            helpers = sum(line.startswith("helper") for line in log.read_text().splitlines())
            sample.execs, sample.forks = (counted[0] - helpers, counted[1]) if counted[0] else counted

    @contextlib.contextmanager
    def tap_log(self):
        log = self.world.dir / "tap"
        log.write_text("")
        self.world.env["BENCH_TAP"] = str(log)
        try:
            yield log
        finally:
            del self.world.env["BENCH_TAP"]

    def hooks(self):
        """Empty hooks before the start: ours, and the start script's of relx."""
        by_name = {tool.release: tool for tool in TOOLS}
        for number in HOOKS:
            question = f"start with {number} hooks before it"
            relx = f"relx-hooks{number}" if number else None
            both = [(by_name[name].name, by_name[name], release) for name, release in (("ours-relx", None), ("relx-host", relx))]
            self.starts(question, both, number)


@contextlib.contextmanager
def failures(sample):
    """Notes them there."""
    try:
        yield
    except (Failed, IndexError) as failed:
        sample.missing = f"failed: {failed}"


def boots(log):
    """(microseconds, process) of the VM's start."""
    lines = [line.split() for line in log.read_text().splitlines()]
    return [(int(line[1]), int(line[2])) for line in lines if line[0] == "boot"][-1]
