"""A bar chart of the questions that probes ask, as an SVG that reads well on light and dark ground."""

from xml.sax.saxutils import escape

ASKED = ("ping", "pid", "rpc")
WIDTH, LEFT, BAR, GAP = 720, 190, 16, 6

STYLE = """  <style>
    text { font: 13px system-ui, sans-serif; fill: #24292f }
    .head { font-weight: 600 }
    .bar { fill: #8c959f }
    .ours { fill: #1a7f37 }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 }
      .bar { fill: #6e7681 }
      .ours { fill: #3fb950 }
    }
  </style>"""


def svg(rows):
    """All bars of a chart have one linear scale, from 0."""
    groups = [(question, present(rows.get(question, {}))) for question in ASKED]
    longest = max((sample.wall for _, tools in groups for _, sample in tools), default=1)
    scale = (WIDTH - LEFT - 90) / longest
    y, body = 30, []
    for question, tools in groups:
        body.append(f'  <text class="head" x="10" y="{y}">{escape(question)}</text>')
        y += 10
        for name, sample in tools:
            kind = "bar ours" if name.startswith("relboot") else "bar"
            wide = max(sample.wall * scale, 1)
            middle = y + BAR - 4
            body.append(f'  <text x="{LEFT - 8}" y="{middle}" text-anchor="end">{escape(name)}</text>')
            body.append(f'  <rect class="{kind}" x="{LEFT}" y="{y}" width="{wide:.1f}" height="{BAR}"/>')
            body.append(f'  <text x="{LEFT + wide + 6:.1f}" y="{middle}">{sample.wall:.1f} ms</text>')
            y += BAR + GAP
        y += 26
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y - 20}" role="img" '
            'aria-label="wall time of ping, pid and rpc, in milliseconds">')
    return "\n".join([head, STYLE, *body, "</svg>", ""])


def present(tools):
    """Those that were measured, the slowest first."""
    measured = [(name, sample) for name, sample in tools.items() if not sample.missing]
    return sorted(measured, key=lambda item: -item[1].wall)
