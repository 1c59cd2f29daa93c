//! What `status` shows to people, drawn from what it says to programs. Asks nobody; prints nothing.

use std::fmt::Write;

use serde_json::Value;

use crate::helper::diagnose::safe;

const BOLD: &str = "\x1b[1m";
const GREEN: &str = "\x1b[1;32m";
const YELLOW: &str = "\x1b[1;33m";
const RED: &str = "\x1b[1;31m";
const PLAIN: &str = "\x1b[0m";
/// From this share of a limit on it is worth a look.
const HIGH: u64 = 80;
/// Of a line where the terminal does not tell.
const WIDTH: usize = 80;

/// The columns of the terminal that standard output is.
pub(super) fn width() -> usize {
    size().map_or(WIDTH, |(columns, _)| columns)
}

fn size() -> Option<(usize, usize)> {
    let size = rustix::termios::tcgetwinsize(rustix::stdio::stdout()).ok()?;
    (size.ws_col > 0 && size.ws_row > 0).then(|| (size.ws_col.into(), size.ws_row.into()))
}

/// The text so that it takes the place of an earlier one: home, each line cleared behind its end, the rest of
/// the terminal cleared; not longer than the terminal, which would scroll.
pub(super) fn over_the_last_one(text: &str) -> String {
    let (columns, rows) = size().unwrap_or((usize::MAX, usize::MAX));
    let mut out = String::from("\x1b[H");
    for line in text.lines().take(rows.saturating_sub(1)) {
        out.push_str(&cut(line, columns));
        out.push_str("\x1b[K\n");
    }
    out.push_str("\x1b[J");
    out
}

/// As much of a line as the terminal shows in one row; colours take no room.
fn cut(line: &str, columns: usize) -> String {
    let (mut shown, mut in_colour) = (0, false);
    let visible = |c: &char| {
        in_colour |= *c == '\x1b';
        let counts = !in_colour;
        in_colour &= *c != 'm';
        shown += usize::from(counts);
        !counts || shown <= columns
    };
    line.chars().filter(visible).collect()
}

/// One screen.
pub(super) fn draw(value: &Value, width: usize, colours: bool) -> String {
    let mut page = Page { out: String::new(), colours };
    page.title(value);
    page.line("reason", value["reason"].as_str().map(safe));
    page.line("node", value["node"].as_str().map(safe));
    page.line("pid", number(&value["pid"]).map(|pid| pid.to_string()));
    page.line("version", version(value));
    page.line("otp", value["otp"].as_str().map(|otp| format!("{otp} (erts {})", text(&value["erts"]))));
    page.line("uptime", number(&value["uptime_seconds"]).map(|up| uptime(up, &value["since"])));
    page.line("answers", value["answered_ms"].as_f64().map(|it| format!("in {it:.1} ms")));
    page.line("memory", memory(value));
    let schedulers = &value["schedulers"];
    page.line(
        "schedulers",
        number(&schedulers["online"]).map(|online| {
            format!("{online} of {}, run queue {}", text(&schedulers["total"]), text(&value["run_queue"]))
        }),
    );
    for (key, label) in
        [("processes", ""), ("ports", ""), ("atoms", ""), ("ets_tables", "ets tables"), ("files", "")]
    {
        page.share(if label.is_empty() { key } else { label }, &value[key]);
    }
    page.line("nodes", nodes(&value["nodes"]));
    page.alarms(&value["alarms"]);
    page.applications(&value["applications"], width);
    page.out
}

struct Page {
    out: String,
    colours: bool,
}

impl Page {
    fn painted(&self, text: &str, colour: &str) -> String {
        if self.colours { format!("{colour}{text}{PLAIN}") } else { text.into() }
    }

    fn title(&mut self, value: &Value) {
        let state = text(&value["state"]);
        let colour = match state.as_str() {
            "started" | "running" => GREEN,
            "stopped" | "dead" => RED,
            _ => YELLOW,
        };
        let (name, state) = (self.painted(&text(&value["name"]), BOLD), self.painted(&state, colour));
        self.write(&format!("{name} is {state}"));
    }

    fn write(&mut self, line: &str) {
        writeln!(self.out, "{line}").expect("writing to a string does not fail");
    }

    /// A line for what is known.
    fn line(&mut self, key: &str, value: Option<String>) {
        if let Some(value) = value {
            self.write(&format!("{:<12}{value}", format!("{key}:")));
        }
    }

    /// A count and its limit.
    fn share(&mut self, key: &str, value: &Value) {
        let Some(count) = number(&value["count"]) else { return };
        let text = match number(&value["limit"]).filter(|limit| *limit > 0) {
            None => count.to_string(),
            Some(limit) => {
                let percent = count.saturating_mul(100) / limit;
                let text = format!("{count} of {limit} ({percent} %)");
                if percent >= HIGH { self.painted(&text, YELLOW) } else { text }
            }
        };
        self.line(key, Some(text));
    }

    fn alarms(&mut self, value: &Value) {
        let Some(alarms) = value.as_array() else { return };
        if alarms.is_empty() {
            self.line("alarms", Some("none".into()));
        }
        for alarm in alarms {
            let text = self.painted(&text(alarm), RED);
            self.line("alarm", Some(text));
        }
    }

    /// All, in as many columns as there is room for.
    fn applications(&mut self, value: &Value, width: usize) {
        let Some(all) = value.as_array() else { return };
        let pairs: Vec<(String, String)> =
            all.iter().map(|it| (text(&it["name"]), text(&it["version"]))).collect();
        let longest = |part: fn(&(String, String)) -> &str| {
            pairs.iter().map(|pair| part(pair).chars().count()).max().unwrap_or(0)
        };
        let (names, versions) = (longest(|pair| &pair.0), longest(|pair| &pair.1));
        let columns = (width.saturating_sub(2) / (names + versions + 4)).max(1);
        self.line("started", Some(format!("{} applications", pairs.len())));
        for row in pairs.chunks(columns) {
            let cells = row.iter().map(|(name, version)| format!("{name:<names$} {version:<versions$}"));
            let line = cells.collect::<Vec<_>>().join("   ");
            self.write(&format!("  {}", line.trim_end()));
        }
    }
}

/// Of a string its text, of others as JSON has them.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), safe)
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64()
}

fn version(value: &Value) -> Option<String> {
    let booted = value["version"].as_str()?;
    Some(match value["permanent_version"].as_str() {
        Some(permanent) if permanent != booted => format!("{booted} (permanent: {permanent})"),
        _ => booted.into(),
    })
}

/// `3 d 2 h, since 2026-11-22T02:20:11+00:00`.
pub(super) fn uptime(seconds: u64, since: &Value) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let span = match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min {} s", seconds % 60),
        (0, _, _) => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    };
    since
        .as_str()
        .map_or_else(|| span.clone(), |since| format!("{span}, since {}", since.replacen('T', " ", 1)))
}

fn memory(value: &Value) -> Option<String> {
    let memory = &value["memory"];
    let resident = number(&value["resident_bytes"]).map(|it| format!("{} resident", size_of(it)));
    let Some(total) = number(&memory["total"]) else { return resident };
    let part = |key: &str| Some(format!("{key} {}", size_of(number(&memory[key])?)));
    let parts: Vec<_> = ["processes", "binary", "ets", "code"].into_iter().filter_map(part).collect();
    let resident = resident.map(|it| format!(", {it}")).unwrap_or_default();
    Some(format!("{} ({}){resident}", size_of(total), parts.join(", ")))
}

/// `31.2 MB`, with 1024 to the step as the VM's own tools have it.
pub(in crate::helper) fn size_of(bytes: u64) -> String {
    let mut size = bytes as f64;
    for unit in ["B", "KB", "MB", "GB"] {
        if size < 1024.0 {
            return if unit == "B" { format!("{bytes} B") } else { format!("{size:.1} {unit}") };
        }
        size /= 1024.0;
    }
    format!("{size:.1} TB")
}

fn nodes(value: &Value) -> Option<String> {
    let visible = value["visible"].as_array()?;
    let hidden = value["hidden"].as_array().map_or(0, Vec::len);
    let names: Vec<_> = visible.iter().map(text).collect();
    let names = if names.is_empty() { "none".into() } else { names.join(", ") };
    Some(if hidden > 0 { format!("{names}; {hidden} hidden") } else { names })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{cut, draw, over_the_last_one, size_of, uptime};

    #[test]
    fn a_screen_shows_what_is_known() {
        let value = json!({
            "name": "demo", "state": "started", "node": "demo@h", "pid": 7, "version": "1", "permanent_version": "2",
            "memory": { "total": 2048, "processes": 1, "binary": 1 }, "resident_bytes": 5_242_880,
            "ports": { "count": 9, "limit": 10 }, "files": { "count": 3, "limit": null },
            "nodes": { "visible": ["a@h"], "hidden": ["x@h"] }, "alarms": ["{disk,\"/\"}"],
            "applications": [{ "name": "kernel", "version": "8.5" }, { "name": "demo", "version": "0.1.0" }],
        });
        let expected = "demo is started\nnode:       demo@h\npid:        7\nversion:    1 (permanent: 2)\n\
            memory:     2.0 KB (processes 1 B, binary 1 B), 5.0 MB resident\nports:      9 of 10 (90 %)\n\
            files:      3\nnodes:      a@h; 1 hidden\nalarm:      {disk,\"/\"}\nstarted:    2 applications\n  \
            kernel 8.5     demo   0.1.0\n";
        assert_eq!(draw(&value, 80, false), expected);
        assert!(draw(&value, 10, false).ends_with("  kernel 8.5\n  demo   0.1.0\n"));
        let coloured = draw(&value, 80, true);
        assert!(coloured.contains("\x1b[1;33m9 of 10 (90 %)\x1b[0m"), "{coloured}");
        let stopped = draw(&json!({ "name": "demo", "state": "stopped", "reason": "why" }), 80, false);
        assert_eq!(stopped, "demo is stopped\nreason:     why\n");
    }

    #[test]
    fn figures_have_units() {
        let sizes = [0, 1023, 1024, 1_572_864, 5 << 30, 3 << 40].map(size_of);
        assert_eq!(sizes, ["0 B", "1023 B", "1.0 KB", "1.5 MB", "5.0 GB", "3.0 TB"]);
        let none = json!(null);
        let spans = [59, 61, 3_660, 180_000].map(|seconds| uptime(seconds, &none));
        assert_eq!(spans, ["59 s", "1 min 1 s", "1 h 1 min", "2 d 2 h"]);
        assert_eq!(uptime(1, &json!("2026-01-02T03:04:05Z")), "1 s, since 2026-01-02 03:04:05Z");
    }

    #[test]
    fn a_screen_takes_the_place_of_the_last_one() {
        assert_eq!(over_the_last_one("a\nb\n"), "\x1b[Ha\x1b[K\nb\x1b[K\n\x1b[J");
        assert_eq!(cut("\x1b[1mab\x1b[0mcd", 3), "\x1b[1mab\x1b[0mc");
    }
}
