"""What is measured of each tool: how its node is started and stopped, and which of its commands does what."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

# What is asked, in the order of the tables. A tool that has no such command has no row.
QUESTIONS = ("ping", "pid", "rpc", "eval in the node", "eval in a fresh VM", "status", "versions", "version", "help")


@dataclass
class Tool:
    """A tool's release and its commands: {question: (words, ...)}."""

    name: str
    release: str
    start: tuple
    foreground: str
    commands: dict
    cookie: str = ""
    # A path below the release without which a command is not there.
    needs: dict = field(default_factory=dict)


RELX = {
    "ping": ("ping",), "pid": ("pid",), "rpc": ("rpc", "erlang", "node"), "eval in the node": ("eval", "1."),
    "status": ("status",), "versions": ("versions",),
}
OURS = {
    "ping": ("ping",), "pid": ("pid",), "rpc": ("rpc", "1"), "eval in the node": ("rpc", "1"),
    "eval in a fresh VM": ("eval", "1"), "status": ("status",), "versions": ("versions",), "version": ("version",),
    "help": ("help",),
}
COMMAND_FILES = {"eval in a fresh VM": "eval"}

TOOLS = [
    Tool("mix", "mix", ("daemon",), "start", {
        "pid": ("pid",), "rpc": ("rpc", "1"), "eval in a fresh VM": ("eval", "1"), "version": ("version",), "help": (),
    }),
    Tool("relx", "relx", ("daemon",), "foreground", RELX, "rdemo_cookie"),
    Tool("relx, host in vm.args", "relx-host", ("daemon",), "foreground", RELX, "rdemo_cookie"),
    Tool("relboot, Erlang release", "ours-relx", ("start",), "foreground", OURS, "rdemo_cookie", COMMAND_FILES),
    Tool("relboot, Elixir release", "ours-mix", ("start",), "foreground", OURS, "", COMMAND_FILES),
    Tool("relboot, eval = \"node\"", "ours-relx-node", ("start",), "foreground", {"eval in the node": ("eval", "1")},
         "rdemo_cookie", {"eval in the node": "eval"}),
]


def erl_call():
    """erl_call of erl_interface, a C program that asks a node; None where there is none."""
    on_path = shutil.which("erl_call")
    if on_path:
        return on_path
    found = sorted(Path("/usr/lib/erlang/lib").glob("erl_interface-*/bin/erl_call"))
    return str(found[-1]) if found else None


def cookie_of(tool, release):
    """The cookie of a release's node: what mix made up, or the one in vm.args."""
    file = release / "releases/COOKIE"
    return tool.cookie or file.read_text().strip()


def entry(release):
    return str(release / "bin" / release.name)


def is_missing(tool, question, release):
    """Whether this kit has no such command."""
    name = tool.needs.get(question)
    return bool(name) and not list(release.glob(f"releases/*/boot/commands/{name}.sh"))
