#!/usr/bin/env python3
"""Measures what commands cost: ours beside those of relx and mix releases, beside bare erl_call.

usage: make bench          (or: python3 bench/run.py, once relboot is built for release)

Builds a release with each tool, asks a node of each the same things, and prints tables to standard output,
progress to standard error. A whole run is written to bench/RESULTS.md and bench/commands.svg.

Environment:
  RUNS=15       measured runs of each command; a third of it where a run takes a node or a VM of its own.
                With less than 5 nothing is written: a try of the program itself
  ONLY="..."    some sections only, and nothing is written: names of releases (mix relx relx-host ours-relx
                ours-mix ours-relx-node), which `stop` and `start` are limited to, too; commands stop start hooks prepare
                life
"""

import os
import sys

import chart
import life
import prepare
import report
from releases import RELBOOT, Releases
from sections import Sections
from tools import TOOLS, erl_call
from world import SOURCE, World, say

KINDS = ("commands", "stop", "start", "hooks", "prepare", "life")


def main():
    runs, only = int(os.environ.get("RUNS", "15")), os.environ.get("ONLY", "").split()
    names = [tool.release for tool in TOOLS]
    unknown = [word for word in only if word not in (*KINDS, *names)]
    if runs < 1 or unknown:
        sys.exit(f"error: RUNS={runs} ONLY={' '.join(only)}\nhelp: RUNS is 1 or more; ONLY is of {[*KINDS, *names]}")
    if not RELBOOT.exists():
        sys.exit(f"error: no {RELBOOT}\nhelp: make build")
    if not erl_call():
        # It also tells when a node is up, alike for all tools.
        say("skipped: no erl_call")
        sys.exit(1 if "erl_call" in os.environ.get("RELBOOT_REQUIRE", "") else 0)
    load = os.getloadavg()
    with World() as world:
        sections = Sections(world, Releases(world), runs)
        kinds = [kind for kind in KINDS if kind in only] or KINDS
        chosen = [tool for tool in TOOLS if tool.release in only or not set(only) & set(names)]
        measure_all(sections, kinds, chosen)
        text = report.text(sections.rows, report.machine(world, load), runs, sections.slow)
    print(text)
    if runs >= 5 and not only:
        (SOURCE / "bench/RESULTS.md").write_text(text + "\n")
        (SOURCE / "bench/commands.svg").write_text(chart.svg(sections.rows))
        say("written: bench/RESULTS.md bench/commands.svg")


def measure_all(sections, kinds, chosen):
    if "commands" in kinds:
        for tool in chosen:
            sections.commands(tool)
    if "stop" in kinds:
        for tool in (tool for tool in chosen if tool.release not in ("relx", "ours-relx-node")):
            sections.stop(tool)
    if "start" in kinds:
        started = [(tool.name, tool, None) for tool in chosen if tool.release != "ours-relx-node"]
        sections.starts("start, until the VM is executed", started)
    if "hooks" in kinds:
        sections.hooks()
    if "prepare" in kinds:
        prepare.section(sections)
    if "life" in kinds:
        life.section(sections)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
