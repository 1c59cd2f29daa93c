"""Making vm.args and sys.config for the host: the helper's `prepare` alone, and the start of each tool that has to."""

import contextlib

import measure
from measure import Failed
from tools import TOOLS

ALONE = "prepare, alone"
START = "start with values of the host, until the VM is executed"
# Each run of the helper is a few milliseconds: enough of them for a 95th percentile.
MANY = 20

# What the tools are given, with two secrets among it.
VALUES = {"NODE_COOKIE": "abcdefgh", "API_TOKEN": "xyzt1234", "REGION": "eu west", "CONNECTIONS": "200000", "PORT": "8080"}

TOML = '[vm]\nsizing = "auto"\n'
VM_ARGS_J2 = """-sname {{ release.name }}@{{ host.name }}
-setcookie {{ secret("NODE_COOKIE") }}
-env API_TOKEN {{ secret("API_TOKEN") | arg }}
+P {{ [env.CONNECTIONS | default(100000) | int * 4, 1048576] | max }}
{% if cpu.count > 8 %}
+SDio 32
{% endif %}
-demo region {{ env.REGION | default("eu") | arg }}
"""
SYS_CONFIG_J2 = '[{demo, [{port, {{ env.PORT | erl_int }}}, {region, {{ env.REGION | erl_string }}}]}].\n'
VM_ARGS_SRC = """-sname rdemo@%s
-setcookie ${NODE_COOKIE}
-env API_TOKEN ${API_TOKEN}
+P ${CONNECTIONS}
-demo region "${REGION}"
"""
SYS_CONFIG_SRC = '[{demo, [{port, ${PORT}}, {region, "${REGION}"}]}].\n'
# mix has no variables in vm.args: the environment says what the script passes on.
ENV_SH = """export RELEASE_DISTRIBUTION=sname RELEASE_NODE="mdemo@$(hostname)" RELEASE_COOKIE="$NODE_COOKIE"
export ERL_FLAGS="+P $CONNECTIONS -demo region eu"
"""
# What is beside which: name in the table, tool by its release, release that is started.
STARTS = (
    ("mix, env.sh", "mix", "mix-values"),
    ("relx, nothing to replace", "relx-host", "relx-host"),
    ("relx, vm.args.src and sys.config.src", "relx-host", "relx-values"),
    ("relboot, nothing to render", "ours-relx", "ours-relx"),
    ("relboot, Erlang release", "ours-relx", "ours-relx-values"),
    ("relboot, Elixir release", "ours-mix", "ours-mix-values"),
)


def section(sections):
    """Puts both tables."""
    with variables(sections.world, VALUES):
        alone(sections)
        tools = {tool.release: tool for tool in TOOLS}
        sections.starts(START, [(name, tools[tool], release) for name, tool, release in STARTS])


@contextlib.contextmanager
def variables(world, values):
    """More environment for what is measured."""
    before = dict(world.env)
    world.env.update(values)
    try:
        yield
    finally:
        world.env.clear()
        world.env.update(before)


def alone(sections):
    release = sections.releases.get("ours-relx-values")
    version = next(release.glob("releases/*/boot/relboot-helper")).parent.parent
    helper, state = str(version / "boot/relboot-helper"), sections.world.dir / "prepared"
    erts = next(release.glob("erts-*")).name.removeprefix("erts-")
    instance = {"RELEASE_ROOT": str(release), "RELEASE_NAME": release.name, "RELEASE_VSN": version.name,
                "BOOT_STATE_DIR": str(state), "BOOT_LOG_DIR": str(state / "log")}
    given = ["--kind", "relx", "--erts", erts, "--template"]
    made = [*given, "vm.args.j2", "--sizing", "auto"]
    asked = {
        "relboot, a process that does nothing": ["--version"],
        "relboot, shown: vm.args as it stands": ["prepare", "--print", *given, ""],
        "relboot, shown: template, sizing, secrets": ["prepare", "--print", *made],
        "relboot, for a start: template, sizing, secrets, sys.config.j2": ["prepare", "--mode=background", *made],
        "relboot, all facts": ["facts", "--erts", erts, "--json"],
    }
    with variables(sections.world, instance):
        for name, words in asked.items():
            label = " ".join(["relboot-helper", *words[:2]])
            sections.put(ALONE, name, measure.sample(sections.world, sections.runs * MANY, [helper, *words], label))
    if not (state / "vm.args").exists() or b"xyzt1234" not in (state / "vm.args").read_bytes():
        raise Failed("prepare has not written vm.args")


def write(directory, name, text):
    directory.mkdir(parents=True, exist_ok=True)
    (directory / name).write_text(text)


def project(directory):
    """A project with templates, from which a kit is generated."""
    for name, text in (("relboot.toml", TOML), ("vm.args.j2", VM_ARGS_J2), ("sys.config.j2", SYS_CONFIG_J2)):
        write(directory / "rel", name, text)


def theirs(tool, version, host):
    """What the other tools make something of at the start, in releases/VERSION."""
    if tool == "relx":
        write(version, "vm.args.src", VM_ARGS_SRC % host)
        write(version, "sys.config.src", SYS_CONFIG_SRC)
    else:
        write(version, "env.sh", (version / "env.sh").read_text() + ENV_SH)


def claims(rows):
    """Lines of the table of what we hold ourselves to."""
    sample = next((it for name, it in rows.get(ALONE, {}).items() if "for a start" in name), None)
    if sample is None or sample.missing:
        return []
    yes = lambda kept: "yes" if kept else "**no**"
    return [
        f"| prepare for a start | | less than 5 ms | {sample.wall:.1f} | {yes(sample.wall < 5)} |",
        f"| prepare for a start, 95 of 100 | | less than 5 ms | {sample.p95:.1f} | {yes(sample.p95 < 5)} |",
        f"| prepare for a start | | one process and no VM | {sample.execs} executed, {sample.forks} made | "
        f"{yes((sample.execs, sample.forks) == (1, 0))} |",
        *ratios(rows.get(START, {})),
    ]


def ratios(starts):
    for ours, other, factor in (("relboot, Erlang release", "relx, vm.args.src and sys.config.src", 5),
                                ("relboot, Elixir release", "mix, env.sh", 3)):
        mine, theirs_ = starts.get(ours), starts.get(other)
        if mine and theirs_ and not mine.missing and not theirs_.missing:
            found = theirs_.wall / mine.wall
            yield (f"| start with values of the host | {other} | at least {factor} times as quick | {found:.1f} | "
                   f"{'yes' if found >= factor else '**no**'} |")
