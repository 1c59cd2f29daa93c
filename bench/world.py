"""The place in which is measured: a directory, an epmd and an environment of its own, which all go at the end."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}
MARK = "RELBOOT_BENCH"


def say(text):
    print(text, file=sys.stderr, flush=True)


def until(what, done, seconds=60):
    """Waits until done() is true."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            sys.exit(f"error: {what} took more than {seconds} s")
        time.sleep(0.02)


class World:
    """To be used by `with`: what was started in it is ended, also on an error or ctrl-C."""

    def __init__(self):
        self.dir = Path(tempfile.mkdtemp(prefix="relboot-bench."))
        self.port = free_port()
        self.env = {
            "PATH": os.environ["PATH"], "HOME": str(self.dir / "home"), "LANG": "C.UTF-8", "MIX_ENV": "prod",
            "HEX_OFFLINE": "1", "REBAR_OFFLINE": "1", "ERL_EPMD_PORT": str(self.port),
            "ERL_EPMD_ADDRESS": "127.0.0.1", "ERL_CRASH_DUMP": "/dev/null", "TMPDIR": str(self.dir / "tmp"),
            "PIPE_DIR": f"{self.dir}/pipes/", MARK: str(self.dir),
        }

    def __enter__(self):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        signal.signal(signal.SIGHUP, lambda *_: sys.exit(129))
        for name in ("home", "tmp", "bin"):
            (self.dir / name).mkdir()
        self.epmd = subprocess.Popen(["epmd"], env=self.env, **QUIET)
        for name in ("once", "tap"):
            program = self.dir / "bin" / name
            source = SOURCE / "bench" / f"{name}.c"
            subprocess.run(["gcc", "-O2", "-static", "-o", program, source], check=True)
        self.once = str(self.dir / "bin/once")
        return self

    def __exit__(self, *_):
        for number in (signal.SIGTERM, signal.SIGKILL):
            end = time.monotonic() + 3
            while self.left(number) and time.monotonic() < end:
                self.epmd.poll()
                time.sleep(0.05)
        self.epmd.wait()
        shutil.rmtree(self.dir, ignore_errors=True)

    def left(self, number):
        """Sends a signal to the processes of this run that are left; whether there were any."""
        mark, found = f"{MARK}={self.dir}".encode(), False
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    os.kill(int(entry.name), number)
                    found = True
            except (OSError, ProcessLookupError):
                continue
        return found

    def run(self, *words, cwd=None):
        """Runs a step of the preparation; what it says is shown only when it fails."""
        done = subprocess.run([str(word) for word in words], cwd=cwd, env=self.env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            sys.exit(f"error: {words}: status {done.returncode}\n{done.stdout}")
        return done.stdout


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
