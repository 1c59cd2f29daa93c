//! The text of a configuration file, and what is wrong with it in words that show no value.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};

use crate::consult::config::{Checked, Include, Role, check};
use crate::consult::{Dialect, Fault, Position, decode};
use crate::error::{Failure, Message, Status};
use crate::helper::env::Instance;
use crate::vmargs::erlang_string;

/// A file's text on its way to the node.
pub(super) struct Text {
    path: PathBuf,
    /// As messages name it.
    shown: String,
    pub content: String,
    /// What it was rendered from.
    template: Option<String>,
    /// Whether a comment in it names another encoding than UTF-8.
    encoded: bool,
}

impl Text {
    pub(super) fn new(path: &Path, shown: String, bytes: &[u8]) -> Result<Self, Failure> {
        let mut text =
            Self { path: path.to_owned(), shown, content: String::new(), template: None, encoded: false };
        let content = decode(bytes).map_err(|fault| text.error(&fault))?;
        text.encoded = matches!(content, Cow::Owned(_));
        text.content = content.into_owned();
        Ok(text)
    }

    /// Puts what `how` makes of it, and of its name, in its place.
    pub(super) fn render(
        &mut self,
        how: impl Fn(&str, &str) -> Result<String, Failure>,
    ) -> Result<(), Failure> {
        let mut rendered = how(&self.content, &self.shown)?;
        std::mem::swap(&mut rendered, &mut self.content);
        self.template = Some(rendered);
        Ok(())
    }

    /// The text for a file of its own.
    pub(super) fn into_copy(self) -> String {
        // The first comment that names an encoding counts.
        if self.encoded { format!("%% coding: utf-8\n{}", self.content) } else { self.content }
    }

    /// Whether OTP takes it for the system's own, which may name other files.
    pub(super) fn is_system(&self) -> bool {
        self.path.file_name().is_some_and(|name| name == "sys.config")
    }

    /// Checks text and files that it names; gives warnings. In what is copied, names of files that are beside the
    /// original become absolute.
    pub(super) fn check(
        &mut self,
        dialects: &[Dialect],
        system: bool,
        instance: &Instance,
    ) -> Result<Vec<String>, Failure> {
        let role = if system { Role::System } else { Role::Other };
        let checked = checked(&self.content, dialects, role).map_err(|fault| self.error(&fault))?;
        let (mut content, mut done) = (String::with_capacity(self.content.len()), 0);
        let mut known: BTreeMap<&str, PathBuf> = BTreeMap::new();
        for include in &checked.includes {
            let path = match known.entry(&include.name) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(self.included(include, dialects, instance)?),
            };
            if let Some(path) = path.to_str().filter(|_| path.is_absolute()) {
                content.push_str(&self.content[done..include.start.offset]);
                content.push_str(&erlang_string(path));
                done = include.end;
            }
        }
        content.push_str(&self.content[done..]);
        self.content = content;
        let warning = |(name, at): &(String, Position)| {
            let name = if self.may_show(name) { name } else { "an application" };
            format!("{}: {name} stands there twice: the VM puts both together", self.at(at.line, at.column))
        };
        Ok(checked.repeated.iter().map(warning).collect())
    }

    /// The file that is named: beside this one, or in the directory where the node starts.
    fn included(
        &self,
        include: &Include,
        dialects: &[Dialect],
        instance: &Instance,
    ) -> Result<PathBuf, Failure> {
        let name = include.name.strip_suffix(".config").unwrap_or(&include.name);
        let file = format!("{name}.config");
        let beside = self.path.parent().unwrap_or(Path::new("")).join(&file);
        let path = if beside.exists() { beside } else { PathBuf::from(&file) };
        let at = self.at(include.start.line, include.start.column);
        let Ok(bytes) = super::bytes(&path) else {
            let named = if self.may_show(&include.name) { format!(" {file}") } else { String::new() };
            return Err(Message::new(Status::Failed, format!("{at}: there is no file{named}"))
                .with_help("it is looked for beside this file, then in the current directory")
                .into());
        };
        let shown = path.strip_prefix(&instance.root).unwrap_or(&path).to_string_lossy().into_owned();
        let other = Self::new(&path, shown, &bytes)?;
        checked(&other.content, dialects, Role::Other).map_err(|fault| other.error(&fault))?;
        Ok(path)
    }

    /// A fault as the user sees it. Keys are shown as far as the template itself holds them.
    pub(super) fn error(&self, fault: &Fault) -> Failure {
        let mut text = format!("{}: {}", self.at(fault.line, fault.column), fault.message);
        let keys: Vec<&str> =
            fault.within.iter().map(String::as_str).filter(|key| self.may_show(key)).collect();
        if !keys.is_empty() {
            text.push_str(&format!(", in {}", keys.join(", ")));
        }
        let help = match &self.template {
            None => "the node would not start with it",
            Some(_) if self.path.extension().is_some_and(|extension| extension == "j2") => {
                "erl_string, erl_binary, erl_atom and erl_term write any value as a term: {{ env.X | erl_string }}"
            }
            Some(_) => {
                "a quote or a backslash in a value? sys.config.j2 has erl_string and erl_term for any value"
            }
        };
        Message::new(Status::Failed, text).with_help(help).into()
    }

    fn at(&self, line: usize, column: usize) -> String {
        match self.template {
            None => format!("{}:{line}:{column}", self.shown),
            Some(_) => format!("{}: line {line}, column {column} of what it renders to", self.shown),
        }
    }

    /// What the file itself holds is no secret of the environment's.
    fn may_show(&self, word: &str) -> bool {
        self.template.as_ref().is_none_or(|template| template.contains(word))
    }
}

/// By the first language that takes it; the fault is the first's.
fn checked(text: &str, dialects: &[Dialect], role: Role) -> Result<Checked, Fault> {
    let mut outcomes = dialects.iter().map(|dialect| check(text, *dialect, role));
    let first = outcomes.next().unwrap_or_else(|| check(text, Dialect::default(), role));
    first.or_else(|fault| outcomes.find_map(Result::ok).ok_or(fault))
}
