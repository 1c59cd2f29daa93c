"""Running a command for its figures: wall and CPU time and memory of repeated runs, processes of one more."""

import re
import shutil
import statistics
import subprocess
from dataclasses import dataclass, field

WARM = 2


@dataclass
class Sample:
    """What one command of one tool costs. Times in milliseconds, memory in MiB; None: not known."""

    command: str
    walls: list = field(default_factory=list)
    cpus: list = field(default_factory=list)
    memory: float = 0.0
    execs: int = None
    forks: int = None
    missing: str = ""

    @property
    def wall(self):
        return statistics.median(self.walls)

    @property
    def p95(self):
        """What 95 of 100 runs do not exceed."""
        return sorted(self.walls)[max(0, -(-len(self.walls) * 95 // 100) - 1)]

    @property
    def cpu(self):
        return statistics.median(self.cpus)


class Failed(Exception):
    """The command did not succeed."""


def once(world, runs, command, stdin=None, gone=None):
    """Runs it; a list of (wall, cpu, memory, gone) in milliseconds and MiB."""
    words = [world.once]
    words += ["-i", str(stdin)] if stdin else []
    words += ["-g", str(gone)] if gone else []
    done = subprocess.run([*words, str(runs), *command], env=world.env, stdout=subprocess.PIPE, text=True, check=True)
    lines = [[int(word) for word in line.split()] for line in done.stdout.splitlines()]
    bad = [line[3] for line in lines if line[3] != 0]
    if bad:
        raise Failed(f"status {bad[0]}")
    return [(wall / 1000, cpu / 1000, rss / 1024, until / 1000) for wall, cpu, rss, _, until in lines]


def sample(world, runs, command, label=None, stdin=None):
    """Measures a command that ends by itself and may be repeated."""
    found = Sample(label or shown(command))
    try:
        once(world, WARM, command, stdin)
        for wall, cpu, rss, _ in once(world, runs, command, stdin):
            add(found, wall, cpu, rss)
        found.execs, found.forks = processes(world, command, stdin)
    except Failed as failed:
        found.missing = f"failed: {failed}"
    return found


def add(found, wall, cpu, rss):
    found.walls.append(wall)
    found.cpus.append(cpu)
    found.memory = max(found.memory, rss)


def shown(command):
    """A command as one would type it in bin/'s place."""
    words = [command[0].rsplit("/", 1)[-1], *command[1:]]
    return " ".join(word if re.fullmatch(r"[\w.=:@/-]+", word) else f"'{word}'" for word in words)


def processes(world, command, stdin=None, until_exec_of=None, tap=None):
    """(execve, forks) of a command until it ends, or until a process (its number) executes a program."""
    if not shutil.which("strace"):
        return None, None
    log = world.dir / "trace"
    calls = "trace=execve,clone,clone3,fork,vfork,exit_group"
    # No unabbreviated arguments: a cookie may be among them.
    words = ["strace", "-f", "-q", "-e", calls, "-e", "signal=none", "-o", str(log), *command]
    env = dict(world.env, **({"BENCH_T0": "0", "BENCH_TAP": str(tap)} if tap else {}))
    with open(stdin or "/dev/null", "rb") as source:
        subprocess.run(words, env=env, stdin=source, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    stop = until_exec_of() if until_exec_of else None
    return count(log.read_text(errors="replace").splitlines(), stop)


def count(lines, stop=None):
    """Counts in strace's lines: successful execve, and processes made; threads are none."""
    first = lines[0].split()[0] if lines else ""
    execs = forks = 0
    threads = {}
    for line in lines:
        pid, _, rest = line.partition(" ")
        rest = rest.strip()
        call = re.match(r"(?:<\.\.\. )?(\w+)", rest)
        name = call.group(1) if call else ""
        if name in ("clone", "clone3", "fork", "vfork"):
            if not rest.startswith("<..."):
                threads[pid] = "CLONE_THREAD" in rest
            forks += bool(re.search(r"= [1-9]\d*$", rest)) and not threads.get(pid)
        elif name == "execve":
            execs += rest.endswith("= 0")
            if pid == stop and "erlexec" in rest:
                break
        elif name == "exit_group" and pid == first and stop is None:
            break
    return execs, forks
