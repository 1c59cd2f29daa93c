//! Findings for people: by group, with a sum.

use std::fmt::Write;

use super::{Finding, Verdict};

const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const PLAIN: &str = "\x1b[0m";

pub(super) fn draw(findings: &[Finding], colours: bool) -> String {
    let mut out = String::new();
    let mut group = "";
    let width = findings.iter().map(|finding| finding.id.len()).max().unwrap_or(0);
    for Finding { id, verdict, what, fix } in findings {
        let own = id.split('.').next().unwrap_or(id);
        if !group.is_empty() && own != group {
            out.push('\n');
        }
        group = own;
        let (word, colour) = match verdict {
            Verdict::Ok => ("ok", GREEN),
            Verdict::Warning => ("warning", YELLOW),
            Verdict::Error => ("error", RED),
        };
        let (on, off) = if colours { (colour, PLAIN) } else { ("", "") };
        let line = |text: &str| text.replace(|c: char| c.is_control(), " ");
        writeln!(out, "{on}{word:<7}{off}  {id:<width$}  {}", line(what)).expect("a string takes all");
        if let Some(fix) = fix {
            writeln!(out, "{:>9}{:<width$}  fix: {}", "", "", line(fix)).expect("a string takes all");
        }
    }
    let count = |verdict| findings.iter().filter(|finding| finding.verdict == verdict).count();
    let (errors, warnings) = (count(Verdict::Error), count(Verdict::Warning));
    out + &format!("\n{} checks: {errors} errors, {warnings} warnings\n", findings.len())
}
