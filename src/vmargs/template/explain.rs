//! From the engine's errors to ours. The engine's own may quote values: only names that stand in the template's
//! source come through.

use minijinja::ErrorKind;

use super::error::{Excerpt, Problem, TemplateError};
use super::filters::FILTERS;
use super::functions::{FUNCTIONS, Refusal};
use super::similar::similar;
use super::{Context, NO_VALUE, NOT_SCALAR, TOO_LONG, erlang, limits, names, tests_of};
use crate::vmargs::error::Place;

/// The template that failed.
pub(super) struct Source<'a> {
    pub(super) text: &'a str,
    pub(super) file: &'a str,
}

impl Source<'_> {
    /// A template that asks for too much.
    pub(super) fn excess(&self, excess: limits::Excess) -> TemplateError {
        let mut error = self.error(Problem::TooMuch(excess.message), None, excess.line);
        error.excerpt = Excerpt::new(self.text, excess.line, excess.range);
        error
    }

    /// An error without an excerpt.
    pub(super) fn error(&self, problem: Problem, help: Option<String>, line: usize) -> TemplateError {
        TemplateError { place: Place::new(self.file, line), problem, excerpt: None, help }
    }

    /// The line, when a secret is asked for in it.
    pub(super) fn call(&self, line: usize) -> Option<Excerpt> {
        let start = self.text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
        let text = self.text.get(start..)?.lines().next()?;
        let at = ["secret(", "file("].iter().filter_map(|call| text.find(call)).min()?;
        let end = text[at..].find(')').map_or(text.len(), |end| at + end + 1);
        Excerpt::new(self.text, line, start + at..start + end)
    }

    pub(super) fn explain(&self, error: &minijinja::Error, context: &Context<'_>) -> TemplateError {
        let line = error.line().unwrap_or(1);
        let range = error.range().filter(|range| self.text.get(range.clone()).is_some());
        let (problem, help) = self.problem(error, range.clone(), context);
        let mut explained = self.error(problem, help, line);
        explained.excerpt = range.and_then(|range| Excerpt::new(self.text, line, range));
        explained
    }

    fn problem(
        &self,
        error: &minijinja::Error,
        range: Option<std::ops::Range<usize>>,
        context: &Context<'_>,
    ) -> (Problem, Option<String>) {
        let detail = error.detail().unwrap_or_default();
        let expression = || self.expression(range.clone());
        if let Some(variable) = undefined(detail) {
            return if self.has(&variable) {
                not_set(variable, context)
            } else {
                not_set(expression(), context)
            };
        }
        let refusal = std::error::Error::source(error).and_then(|source| source.downcast_ref::<Refusal>());
        if let Some(refusal) = refusal {
            return (self.refused(refusal, expression()), refusal.help.clone());
        }
        match error.kind() {
            ErrorKind::BadSerialization if detail == NO_VALUE => {
                let whole = expression();
                let name = whole.split('|').next().unwrap_or_default().trim_end().to_owned();
                let help = format!("give it a default: {{{{ {name} | default(\"...\", true) }}}}");
                (Problem::Unknown(name), Some(help))
            }
            ErrorKind::BadSerialization if detail == NOT_SCALAR => {
                let help = "write one of its values, or all of them: | first, | join(\" \")".into();
                (Problem::Expression(expression(), "is no text and no number".into()), Some(help))
            }
            ErrorKind::BadSerialization if detail == TOO_LONG => (Problem::TooMuch(TOO_MUCH), None),
            ErrorKind::WriteFailure => (Problem::TooMuch(TOO_MUCH), None),
            ErrorKind::OutOfFuel => (Problem::TooMuch("this runs for too long"), None),
            ErrorKind::SyntaxError => (Problem::Syntax(detail.to_owned()), None),
            ErrorKind::UnknownFilter => self.unknown(
                "filter",
                detail,
                FILTERS.iter().map(|it| it.name).chain(erlang::FILTERS.iter().map(|it| it.0)),
            ),
            ErrorKind::UnknownTest => self.unknown("test", detail, tests_of().map(|(name, _)| name)),
            ErrorKind::UnknownFunction => self.unknown("function", detail, FUNCTIONS.iter().map(|it| it.0)),
            kind => (Problem::Expression(expression(), kind.to_string()), None),
        }
    }

    /// The source of the failing expression: of its range, or of the tag where that says more.
    fn expression(&self, range: Option<std::ops::Range<usize>>) -> String {
        let at = range.as_ref().map_or(0, |range| range.start);
        tag(self.text, at).chars().map(|c| if c.is_control() { ' ' } else { c }).take(80).collect()
    }

    /// What a function or filter of ours said. A reason that the template gives is shown where it stands
    /// in the source: it may have been made of values.
    fn refused(&self, refusal: &Refusal, expression: String) -> Problem {
        match &refusal.given {
            Some(given) if !given.is_empty() && self.text.contains(given.as_str()) => {
                Problem::Expression(String::new(), given.clone())
            }
            _ => Problem::Expression(expression, refusal.reason.clone()),
        }
    }

    /// Whether a name comes from the template itself.
    fn has(&self, name: &str) -> bool {
        name.split(|c: char| !c.is_alphanumeric() && c != '_').all(|part| self.text.contains(part))
    }

    /// A detail is "filter NAME is unknown".
    fn unknown(
        &self,
        kind: &str,
        detail: &str,
        known: impl Iterator<Item = &'static str>,
    ) -> (Problem, Option<String>) {
        let words = detail.strip_suffix(" is unknown").unwrap_or_default();
        let name = words.rsplit(' ').next().unwrap_or_default();
        if name.is_empty() || !self.has(name) {
            return (Problem::Syntax(format!("an unknown {kind}")), None);
        }
        let known: Vec<_> = known.collect();
        let help = match similar(name, known.iter().copied()) {
            Some(similar) => format!("did you mean \"{similar}\"?"),
            None if kind == "function" => format!("a template knows {}", known.join(", ")),
            None => format!("docs/vm-args.md lists every {kind}"),
        };
        (Problem::Syntax(format!("there is no {kind} {name}")), Some(help))
    }
}

const TOO_MUCH: &str = "this makes a text of more than 1 MiB";

/// The variable in a detail that ends in "`NAME` is undefined"; `env['X']` is `env.X`.
fn undefined(detail: &str) -> Option<String> {
    let (_, name) = detail.trim_end_matches(')').strip_suffix("` is undefined")?.rsplit_once('`')?;
    Some(name.replace("['", ".").replace("']", ""))
}

/// What stands between the braces around `at`.
fn tag(text: &str, at: usize) -> &str {
    let (before, after) = text.split_at_checked(at).unwrap_or((text, ""));
    let start = before.rfind('{').map_or(0, |brace| brace + 1);
    let end = after.find('}').map_or(text.len(), |brace| before.len() + brace);
    text[start..end].trim_matches(|c: char| c.is_whitespace() || "{}%-".contains(c))
}

fn not_set(variable: String, context: &Context<'_>) -> (Problem, Option<String>) {
    if let Some(name) = variable.strip_prefix("env.")
        && context.env.not_text.contains(name)
    {
        let help = format!("give {name} a value in UTF-8");
        return (Problem::NotText(variable), Some(help));
    }
    let known = names::all(context);
    // With `env.X.y` the engine names the whole; the one to set is the first two parts.
    let help = match similar(&variable, known.iter().map(String::as_str)) {
        Some(similar) => format!("did you mean \"{similar}\"?"),
        None => help_not_set(&variable, context),
    };
    (Problem::NotSet(variable), Some(help))
}

fn help_not_set(variable: &str, context: &Context<'_>) -> String {
    let group = variable.split('.').next().unwrap_or_default();
    let names: Vec<_> = names::NAMES.iter().filter(|it| it.group == group).map(|it| it.name).collect();
    if let Some(name) = variable.strip_prefix("env.") {
        return format!(
            "set {name} in the environment or give it a default: {{{{ {variable} | default(\"...\") }}}}"
        );
    }
    if variable.starts_with("net.interfaces.") {
        return interfaces(context);
    }
    if names.is_empty() {
        return format!("a template knows {}", names::groups().join(", "));
    }
    format!("{group} has {}", names.join(", "))
}

/// The interfaces of this host, for a help line.
pub(super) fn interfaces(context: &Context<'_>) -> String {
    let names: Vec<_> = context.facts.net.interfaces.keys().map(String::as_str).collect();
    match names.as_slice() {
        [] => "this host has no interface that is up".into(),
        names => format!("interfaces here: {}", names.join(", ")),
    }
}
