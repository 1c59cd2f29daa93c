//! `vmargs --explain` and `--diff`: who chose each flag and why; what a start now would change. Shows no value of
//! the environment and no secret.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use super::Plan;
use crate::error::{Failure, Message, Status};
use crate::helper::client::not_running;
use crate::helper::print;
use crate::helper::process::Process;
use crate::vmargs::sizing::{Chosen, Decision};
use crate::vmargs::{Args, Occurrence};

/// One flag of the command line, or one that is left to the VM.
#[derive(Serialize)]
struct Row {
    flag: String,
    /// `None` for what is left to the VM.
    values: Option<String>,
    /// `yours`, `kit`, `override`, `auto` or `vm`.
    by: &'static str,
    /// Where it was written.
    place: Option<String>,
    fact: Option<String>,
    rule: Option<&'static str>,
    /// What the rule would have said, where another won.
    auto: Option<String>,
}

const HIDDEN: &str = "<hidden>";

/// The whole command line with reasons.
pub(super) fn explain(plan: &Plan, json: bool, ansi: bool) -> String {
    let mut rows = rows(plan);
    if plan.sizing.auto {
        let shown = |decision: &&Decision| match decision.chosen {
            Chosen::Vm => true,
            Chosen::Override => decision.value.is_none() || decision.words().is_none(),
            Chosen::Auto => decision.words().is_none(),
            Chosen::Yours(_) => false,
        };
        rows.extend(plan.sizing.decisions.iter().filter(shown).map(|decision| {
            let by =
                if decision.value.is_none() && decision.chosen == Chosen::Vm { "vm" } else { by(decision) };
            of_decision(decision.rule.key.to_owned(), decision.value.clone(), by, decision)
        }));
    }
    if json {
        let mut text = serde_json::to_string(&rows).expect("texts are JSON");
        text.push('\n');
        return text;
    }
    table(&rows, ansi)
}

/// The flags of the command line, those of variables too.
fn rows(plan: &Plan) -> Vec<Row> {
    let uses = plan.whole.uses().into_iter().map(|it| (it.flag, it.to_occurrence()));
    uses.map(|(flag, Occurrence { values, place })| {
        let generated = place.line == 0 && place.file == "generated";
        let shown = Some(show(flag, &values, generated));
        let decision = plan.sizing.decisions.iter().find(|decision| match &decision.chosen {
            Chosen::Yours(at) => *at == place.to_string() && is_about(decision, flag, &values),
            _ => generated && decision.words().is_some_and(|words| words == (flag, values.clone())),
        });
        match decision {
            Some(decision) => {
                let row = of_decision(flag.into(), shown, by(decision), decision);
                Row { place: (!generated).then(|| place.to_string()).or(row.place), ..row }
            }
            None if generated && ["-name", "-sname"].contains(&flag) => name(flag, shown, plan),
            None => Row {
                flag: flag.into(),
                values: shown,
                // The cookie for one other node goes through our hands.
                by: if generated && flag != "-setcookie" { "kit" } else { "yours" },
                place: (!generated).then(|| place.to_string()),
                fact: None,
                rule: None,
                auto: None,
            },
        }
    })
    .collect()
}

/// Whether a flag that the user wrote is what the rule would decide.
fn is_about(decision: &Decision, flag: &str, values: &[String]) -> bool {
    let key = decision.rule.key;
    match flag {
        "-env" => values.first().is_some_and(|name| name == key),
        "-kernel" => {
            key == "inet_dist_listen" && values.iter().any(|word| word.starts_with("inet_dist_listen_m"))
        }
        _ => flag == key || decision.value.as_ref().is_some_and(|value| flag == format!("{key}{value}")),
    }
}

fn by(decision: &Decision) -> &'static str {
    match decision.chosen {
        Chosen::Yours(_) => "yours",
        Chosen::Override => "override",
        Chosen::Auto => "auto",
        Chosen::Vm => "vm",
    }
}

fn of_decision(flag: String, values: Option<String>, by: &'static str, decision: &Decision) -> Row {
    let won = matches!(decision.chosen, Chosen::Auto | Chosen::Vm);
    let place = (decision.chosen == Chosen::Override).then(|| "rel/relboot.toml".to_owned());
    let auto = decision.auto.clone().filter(|_| !won);
    Row { flag, values, by, place, fact: Some(decision.fact.clone()), rule: Some(decision.rule.text), auto }
}

fn name(flag: &str, values: Option<String>, plan: &Plan) -> Row {
    let name = &plan.sizing.name;
    let by = match (&name.yours, plan.sizing.auto) {
        (Some(_), _) => "yours",
        (None, true) => "auto",
        (None, false) => "kit",
    };
    let auto = by == "auto";
    Row {
        flag: flag.into(),
        values,
        by,
        place: name.yours.clone(),
        fact: auto.then(|| name.fact.clone()),
        rule: auto.then_some(
            "the release's name; long where the host has a domain and finds its full name in its own files",
        ),
        auto: None,
    }
}

/// The values as they may be shown.
fn show(flag: &str, values: &[String], generated: bool) -> String {
    let hide = |at: usize| match flag {
        "-env" => at > 0 && !generated,
        "-setcookie" => true,
        "-ssl_dist_opt" => at > 0 && values[at - 1].contains("password"),
        _ => false,
    };
    let words = values.iter().enumerate().map(|(at, value)| if hide(at) { HIDDEN } else { value.as_str() });
    words.collect::<Vec<_>>().join(" ").replace(char::is_control, "?")
}

/// Aligned columns: flag with values, who, and why.
fn table(rows: &[Row], ansi: bool) -> String {
    let left = |row: &Row| match &row.values {
        Some(values) if values.is_empty() => row.flag.clone(),
        Some(values) => format!("{} {values}", row.flag),
        None => row.flag.clone(),
    };
    let width = rows.iter().map(|row| left(row).chars().count()).filter(|n| *n <= 40).max().unwrap_or(0);
    let mut text = String::new();
    for row in rows {
        let by = if row.by == "vm" { "left to the VM" } else { row.by };
        let why = [
            row.place.clone(),
            row.fact.clone(),
            row.rule.map(str::to_owned),
            row.auto.as_ref().map(|auto| format!("auto would say {auto}")),
        ];
        let why = why.into_iter().flatten().collect::<Vec<_>>().join("; ");
        let color = match row.by {
            "auto" => "32",
            "yours" | "override" => "36",
            _ => "2",
        };
        let by = if ansi { format!("\x1b[{color}m{by:14}\x1b[0m") } else { format!("{by:14}") };
        let line = format!("{:width$}  {by}  {why}", left(row));
        writeln!(text, "{}", line.trim_end()).expect("writing to a string does not fail");
    }
    text
}

/// What the way of starting decides, and nothing that the user or the host has a part in.
const OF_THE_START: [&str; 7] = [
    "-noinput",
    "-noshell",
    "+Bd",
    "+Bi",
    "-s elixir start_cli",
    "-elixir ansi_enabled true",
    "-start_epmd false",
];

/// What a start now would use against what the running node was started with.
pub(super) fn diff(plan: &Plan) -> Result<Status, Failure> {
    let state = &plan.instance.state;
    let Some(process) = Process::recorded(state) else {
        return Err(not_running(&plan.instance));
    };
    let file = state.join("vm.args");
    let cannot = |error: std::io::Error| {
        Message::new(Status::Unreachable, format!("cannot read {}: {error}", file.display()))
            .with_help("the node belongs to another user: run this as that user or as root")
    };
    let text = std::fs::read_to_string(&file).map_err(cannot)?;
    let shown = file.display().to_string();
    let mut old = Args::parse(&text, &shown, &mut |_| Err(std::io::ErrorKind::NotFound.into()))?;
    // It had these when it started; who may not look is told of the file alone.
    let environ = std::fs::read(format!("/proc/{}/environ", process.pid)).unwrap_or_default();
    let mut new = plan.args.clone();
    if !environ.is_empty() {
        new = plan.whole.clone();
        for variable in ["ERL_AFLAGS", "ERL_FLAGS", "ERL_ZFLAGS"] {
            let entries =
                environ.split(|byte| *byte == 0).filter_map(|entry| std::str::from_utf8(entry).ok());
            let mut values = entries.filter_map(|entry| entry.strip_prefix(variable)?.strip_prefix('='));
            old.append(Args::from_words(values.next().unwrap_or_default(), variable)?);
        }
    }
    let (old, new) = (lines(&old), lines(&new));
    let mut text = String::new();
    for line in old.keys().chain(new.keys().filter(|line| !old.contains_key(*line))) {
        let (before, now) = (old.get(line), new.get(line));
        for (sign, count, other) in [('-', before, now), ('+', now, before)] {
            let count = count.map_or(0, |it| it.1).saturating_sub(other.map_or(0, |it| it.1));
            let shown = before.or(now).map_or("", |it| &it.0);
            text.extend(std::iter::repeat_n(format!("{sign} {shown}\n"), count));
        }
    }
    let mut sorted: Vec<&str> = text.lines().collect();
    sorted.sort_by_key(|line| {
        (line[2..].split(' ').next().unwrap_or_default().to_owned(), line.starts_with('+'))
    });
    print(&sorted.iter().map(|line| format!("{line}\n")).collect::<String>())?;
    Ok(if sorted.is_empty() { Status::Done } else { Status::Failed })
}

/// Each flag with its values: as it is shown, and how often.
fn lines(args: &Args) -> BTreeMap<Vec<String>, (String, usize)> {
    let mut lines = BTreeMap::new();
    for (flag, Occurrence { values, .. }) in args.uses().iter().map(|it| (it.flag, it.to_occurrence())) {
        let shown = format!("{flag} {}", show(flag, &values, false)).trim_end().to_owned();
        let is_home = flag == "-env" && values.first().is_some_and(|name| name == "HOME");
        if flag == "-user" || is_home || OF_THE_START.contains(&shown.as_str()) {
            continue;
        }
        let mut words = vec![flag.to_owned()];
        words.extend(values);
        lines.entry(words).or_insert((shown, 0)).1 += 1;
    }
    lines
}
