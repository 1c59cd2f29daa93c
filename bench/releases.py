"""The releases that are measured, built on the spot: by relx, with and without a host in vm.args and with hooks,
by mix, and copies of both with a kit of ours."""

import os
import shutil
import subprocess
from pathlib import Path

import prepare
from world import SOURCE, say

HOOKS = (0, 10, 100, 1000)
RUST_HOST = subprocess.check_output(["rustc", "--print", "host-tuple"], text=True).strip()
RELBOOT = Path(os.environ.get("CARGO_TARGET_DIR", SOURCE / "target")) / RUST_HOST / "release" / "relboot"

REBAR_CONFIG = """{{erl_opts, [debug_info]}}. {{deps, []}}.
{{relx, [{{release, {{rdemo, "0.1.0"}}, [rdemo, sasl]}}, {{include_erts, true}},
        {{sys_config, "config/sys.config"}}, {{vm_args, "config/vm.args"}}]}}.
{{profiles, [{{prod, [{{relx, [{{mode, prod}}]}}]}},
            {{host, [{{relx, [{{vm_args, "config/vm_host.args"}}]}}]}}{hooks}]}}.
"""
HOOKS_PROFILE = """,
            {{hooks{n}, [{{relx, [{{vm_args, "config/vm_host.args"}}, {{overlay, [{{copy, "hooks{n}", "bin/hooks"}}]}},
                {{extended_start_script_hooks, [{{pre_start, [{list}]}}]}}]}}]}}"""


class Releases:
    """Builds each on first use: {name: directory}."""

    def __init__(self, world):
        self.world = world
        self.made = {}

    def get(self, name):
        if name not in self.made:
            say(f"building {name}")
            self.made[name] = self.build(name)
        return self.made[name]

    def build(self, name):
        if name == "mix":
            self.world.run("mix", "new", "mdemo", "--sup", cwd=self.world.dir)
            project = self.world.dir / "mdemo"
            self.world.run("mix", "release", cwd=project)
            return project / "_build/prod/rel/mdemo"
        if name.startswith("ours-"):
            return self.with_kit(name)
        if name.endswith("-values"):
            return self.with_values(name.split("-")[0], name)
        profile = {"relx": "prod", "relx-host": "prod,host"}.get(name) or f"prod,{name.removeprefix('relx-')}"
        project = self.relx_project()
        self.world.run("rebar3", "as", profile, "release", cwd=project)
        return project / "_build" / profile.replace(",", "+") / "rel/rdemo"

    def relx_project(self):
        project = self.world.dir / "rdemo"
        if project.exists():
            return project
        self.world.run("rebar3", "new", "release", "name=rdemo", cwd=self.world.dir)
        args = (project / "config/vm.args").read_text()
        host = os.uname().nodename.split(".")[0]
        (project / "config/vm_host.args").write_text(args.replace("-sname rdemo", f"-sname rdemo@{host}"))
        profiles = ""
        for number in HOOKS[1:]:
            folder = project / f"hooks{number}"
            folder.mkdir()
            for at in range(number):
                (folder / f"h{at}").write_text(":\n")
            names = ", ".join(f'{{custom, "hooks/h{at}"}}' for at in range(number))
            profiles += HOOKS_PROFILE.format(n=number, list=names)
        (project / "rebar.config").write_text(REBAR_CONFIG.format(hooks=profiles))
        return project

    def with_kit(self, name):
        """A copy of a release with a kit; -node: one whose eval asks the node; -values: one with templates."""
        source = self.get(name.split("-")[1])
        copy = self.copy(source, name)
        words = [str(RELBOOT), "generate", str(copy)]
        if name.endswith("-node"):
            config = self.world.dir / "node.toml"
            config.write_text('[commands]\neval = "node"\n')
            words += ["--config", str(config)]
        project = self.world.dir
        if name.endswith("-values"):
            project = self.world.dir / name
            prepare.project(project)
        self.world.run(*words, cwd=project)
        return copy

    def with_values(self, tool, name):
        """A copy of a release of relx or mix that takes values of the host when it starts."""
        copy = self.copy(self.get({"relx": "relx-host"}.get(tool, tool)), name)
        version = next(copy.glob("releases/*/vm.args")).parent
        prepare.theirs(tool, version, os.uname().nodename.split(".")[0])
        return copy

    def copy(self, source, name):
        """A copy in a directory of its own."""
        copy = self.world.dir / "copies" / name / source.name
        shutil.copytree(source, copy, symlinks=True)
        # Or what is measured waits for the disk.
        os.sync()
        return copy

    def tapped(self, source, name):
        """A copy whose erlexec is the tap."""
        copy = self.copy(source, f"{name}-tapped")
        for erlexec in copy.glob("erts-*/bin/erlexec"):
            erlexec.rename(erlexec.with_name("erlexec.real"))
            shutil.copy(self.world.dir / "bin/tap", erlexec)
        return copy
