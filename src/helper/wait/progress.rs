//! How far a boot has come: the n-th of the m applications that the boot script starts. Shown on a terminal, or as
//! lines for another program.

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::termios::tcgetwinsize;

use crate::error::{Failure, Message, Status};
use crate::helper::diagnose::safe;
use crate::helper::env::{self, Instance};
use crate::helper::print;
use crate::node::Term;

/// Between two looks at what the node is starting.
pub(super) const PAUSE: Duration = Duration::from_millis(100);

/// Of a terminal that does not say how wide it is.
const WIDTH: usize = 80;

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// One line on standard error that is wiped at the end.
    Terminal,
    /// `N M APPLICATION` on standard output whenever it changes.
    Lines,
}

impl Form {
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        match text {
            "terminal" => Ok(Self::Terminal),
            "lines" => Ok(Self::Lines),
            _ => {
                let text = format!("--progress takes terminal or lines, not {text:?}");
                Err(Message::new(Status::Usage, text).into())
            }
        }
    }
}

/// What has been shown so far.
pub(super) struct Progress {
    form: Option<Form>,
    /// In the order of their start.
    applications: Vec<String>,
    shown: Option<(usize, String)>,
    line: Arc<Line>,
}

impl Progress {
    pub(super) fn new(instance: &Instance, form: Option<Form>) -> Self {
        let applications = form.and_then(|_| of_boot_script(instance)).unwrap_or_default();
        Self { form, applications, shown: None, line: Arc::default() }
    }

    pub(super) fn is_wanted(&self) -> bool {
        self.form.is_some()
    }

    /// The line, for one who ends this process.
    pub(super) fn line(&self) -> Arc<Line> {
        Arc::clone(&self.line)
    }

    /// `information`: what `application:info()` gives.
    pub(super) fn show(&mut self, information: &Term) {
        let Some((number, name)) = self.current(information) else { return };
        if self.shown.as_ref() == Some(&(number, name.clone())) {
            return;
        }
        let all = self.applications.len();
        match self.form {
            Some(Form::Terminal) if all == 0 => self.line.draw(&format!("starting {name}")),
            Some(Form::Terminal) => self.line.draw(&format!("starting {name} ({number} of {all})")),
            // Nobody listens any more: the node boots all the same.
            Some(Form::Lines) => drop(print(&format!("{number} {all} {name}\n"))),
            None => {}
        }
        self.shown = Some((number, name));
    }

    /// The application being started, by a name that is harmless on terminals, and the how-manieth it is. One that another one starts by itself, and so is
    /// not the boot script's, has the number of the one before it.
    fn current(&self, information: &Term) -> Option<(usize, String)> {
        let starting = starting(information);
        let numbered = starting.iter().filter_map(|name| {
            let at = self.applications.iter().position(|application| application == name)?;
            Some((at + 1, safe(name)))
        });
        numbered.max().or_else(|| {
            let before = self.shown.as_ref().map_or(0, |(number, _)| *number);
            Some((before, safe(starting.first()?)))
        })
    }

    /// Nothing of it stays on the terminal.
    pub(super) fn end(&self) {
        self.line.wipe();
    }
}

/// The names under `starting` in `[{loaded, _}, {starting, [{Name, ...}]}, ...]`.
fn starting(information: &Term) -> Vec<String> {
    let pairs = information.as_list().unwrap_or_default().iter().filter_map(Term::as_tuple);
    let list = pairs.filter_map(|pair| match pair {
        [key, list] if key.is_atom("starting") => list.as_list(),
        _ => None,
    });
    let heads = list.flatten().filter_map(|one| one.as_tuple()?.first()?.as_atom());
    heads.map(str::to_owned).collect()
}

/// The applications that the version's boot script starts: `{script, Id, [..., {apply, {application, start_boot,
/// [Name, Type]}}, ...]}`.
fn of_boot_script(instance: &Instance) -> Option<Vec<String>> {
    let name = env::var("RELEASE_BOOT_SCRIPT").unwrap_or_else(|| "start".into());
    let bytes = std::fs::read(instance.version_dir().join(format!("{name}.boot"))).ok()?;
    let script = Term::decode(&bytes).ok()?;
    let steps = script.as_tuple()?.get(2)?.as_list()?;
    Some(steps.iter().filter_map(started_by).collect())
}

fn started_by(step: &Term) -> Option<String> {
    let [apply, call] = step.as_tuple()? else { return None };
    let [module, function, arguments] = call.as_tuple()? else { return None };
    let is_start = apply.is_atom("apply") && module.is_atom("application") && function.is_atom("start_boot");
    arguments.as_list()?.first()?.as_atom().filter(|_| is_start).map(str::to_owned)
}

/// A line of a terminal that is written over.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// How many characters are there to be wiped.
    length: AtomicUsize,
    /// One writes at a time.
    writing: Mutex<()>,
}

impl Line {
    fn draw(&self, text: &str) {
        let width = tcgetwinsize(std::io::stderr()).map_or(0, |size| usize::from(size.ws_col));
        let width = if width == 0 { WIDTH } else { width };
        // In the last column some terminals begin a new line.
        let text: String = text.chars().take(width - 1).collect();
        let length = text.chars().count();
        let before = self.length.swap(length, Ordering::Relaxed);
        self.write(&format!("\r{text}{}", " ".repeat(before.saturating_sub(length))));
    }

    pub(super) fn wipe(&self) {
        let length = self.length.swap(0, Ordering::Relaxed);
        if length > 0 {
            self.write(&format!("\r{}\r", " ".repeat(length)));
        }
    }

    fn write(&self, text: &str) {
        let _one = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        // Nothing can be shown on a terminal that is gone.
        let _ = std::io::stderr().write_all(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::{Arc, Progress, Term, started_by};

    fn atoms(names: &[&str]) -> Vec<Term> {
        names.iter().map(|name| Term::atom(*name)).collect()
    }

    fn information(names: &[&str]) -> Term {
        let one = |name: &&str| Term::Tuple(atoms(&[name, "permanent"]));
        let starting = Term::Tuple(vec![Term::atom("starting"), Term::List(names.iter().map(one).collect())]);
        Term::List(vec![Term::Tuple(atoms(&["loaded", "x"])), Term::atom("nonsense"), starting])
    }

    #[test]
    fn the_application_being_started_has_its_number() {
        let applications = ["kernel", "stdlib", "demo"].map(String::from).to_vec();
        let mut progress = Progress { form: None, applications, shown: None, line: Arc::default() };
        let current = |progress: &Progress, names: &[&str]| progress.current(&information(names));
        assert_eq!(current(&progress, &[]), None);
        assert_eq!(current(&progress, &["stdlib"]), Some((2, "stdlib".into())));
        progress.show(&information(&["stdlib"]));
        assert_eq!(current(&progress, &["other"]), Some((2, "other".into())), "started by one of the list");
        assert_eq!(current(&progress, &["other", "demo"]), Some((3, "demo".into())));
        assert_eq!(
            current(&progress, &["a\u{1b}[2J\nb"]),
            Some((2, "a\\u{1b}[2J\\nb".into())),
            "for terminals"
        );
        assert_eq!(progress.current(&Term::atom("nonsense")), None);
    }

    #[test]
    fn a_step_of_a_boot_script_starts_an_application_or_does_not() {
        let step = |function: &str| {
            let arguments = Term::List(atoms(&["demo", "permanent"]));
            let call = vec![Term::atom("application"), Term::atom(function), arguments];
            Term::Tuple(vec![Term::atom("apply"), Term::Tuple(call)])
        };
        assert_eq!(started_by(&step("start_boot")), Some("demo".into()));
        assert_eq!(started_by(&step("load")), None);
        assert_eq!(started_by(&Term::Tuple(atoms(&["progress", "started"]))), None);
    }
}
