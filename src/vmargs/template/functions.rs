//! The functions of templates: addresses, and files and secrets that the caller's [`Sources`] give.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex};

use minijinja::value::Kwargs;
use minijinja::{Environment, Error, ErrorKind};

use super::{Context, explain};
use crate::host::{Interface, Net};

/// The functions: name and what the documentation says of it.
pub(super) static FUNCTIONS: [(&str, &str); 5] = [
    (
        "ip",
        "`ip(\"eth0\")`: the interface's IPv4 address, else its IPv6 address; `ip(\"eth0\", 6)` only the latter",
    ),
    ("ip_route", "`ip_route()`: the address towards the default route, IPv4 first; `ip_route(6)`"),
    ("file", "`file(\"/path\")`: the text of a file of up to 64 KiB, without the newline at its end"),
    ("secret", "`secret(\"NAME\")`: see [Secrets](#secrets)"),
    ("range", "`range(3)`: 0, 1, 2; up to 1000 numbers"),
];

/// Where the text of files and secrets comes from: the renderer itself opens nothing.
pub trait Sources: Send + Sync {
    /// The text of the file at `path`.
    ///
    /// # Errors
    /// Why there is none.
    fn file(&self, path: &str) -> Result<Text, Refusal>;

    /// The secret with this name.
    ///
    /// # Errors
    /// Why there is none.
    fn secret(&self, name: &str) -> Result<Text, Refusal>;
}

/// No files and no secrets.
impl Sources for () {
    fn file(&self, _path: &str) -> Result<Text, Refusal> {
        Err(Refusal::new("there are no files here"))
    }

    fn secret(&self, _name: &str) -> Result<Text, Refusal> {
        Err(Refusal::new("there are no secrets here"))
    }
}

/// A text for a template. Has no `Debug`: it may be a secret.
#[derive(Clone)]
pub struct Text {
    /// The text itself.
    pub text: String,
    /// Whether nobody but the node may see it.
    pub secret: bool,
}

/// Why a function or filter has no value: no word of it comes from a value.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub(super) reason: String,
    pub(super) help: Option<String>,
    /// What the template itself gave as the reason; may be made of values.
    pub(super) given: Option<String>,
}

impl Refusal {
    /// `reason` follows the expression of the template: `file("/x"): no such file`.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), help: None, given: None }
    }

    /// The same with what to do.
    #[must_use]
    pub fn with_help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    pub(super) fn into_error(self) -> Error {
        Error::new(ErrorKind::InvalidOperation, "refused").with_source(self)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Refusal {}

/// What sources said, kept so that one file is read once however often the template is rendered.
pub(super) struct Kept {
    sources: Arc<dyn Sources>,
    said: Mutex<BTreeMap<(bool, String), Result<Text, Refusal>>>,
}

impl Kept {
    pub(super) fn new(sources: Arc<dyn Sources>) -> Arc<Self> {
        Arc::new(Self { sources, said: Mutex::default() })
    }

    fn ask(&self, secret: bool, name: String) -> Result<Text, Refusal> {
        let mut said = self.said.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let answer = said.entry((secret, name)).or_insert_with_key(|(secret, name)| {
            if *secret { self.sources.secret(name) } else { self.sources.file(name) }
        });
        answer.clone()
    }

    /// Whether a secret was given.
    pub(super) fn any_secret(&self) -> bool {
        let said = self.said.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        said.values().flatten().any(|text| text.secret)
    }
}

/// Adds the functions to an engine; `show` is what a template gets to see of a secret.
pub(super) fn add(
    engine: &mut Environment<'static>,
    context: &Context<'_>,
    kept: &Arc<Kept>,
    show: fn(&str) -> String,
) {
    let (net, here) = (context.facts.net.clone(), explain::interfaces(context));
    engine.add_function("ip", move |name: String, family: Option<u32>, options: Kwargs| {
        let family = option(family, &options)?;
        let missing = || Refusal::new("there is no such interface").with_help(here.clone());
        let interface = net.interfaces.get(&name).ok_or_else(missing);
        interface.and_then(|it| of_interface(it, family)).map_err(Refusal::into_error)
    });
    let net = context.facts.net.clone();
    engine.add_function("ip_route", move |family: Option<u32>, options: Kwargs| {
        let family = option(family, &options)?;
        of_route(&net, family).map_err(Refusal::into_error)
    });
    for (secret, function) in [(false, "file"), (true, "secret")] {
        let kept = Arc::clone(kept);
        engine.add_function(function, move |name: String| {
            let text = kept.ask(secret, name).map_err(Refusal::into_error)?;
            Ok::<_, Error>(if text.secret { show(&text.text) } else { text.text })
        });
    }
    engine.add_function("range", range);
}

fn range(first: i64, end: Option<i64>) -> Result<Vec<i64>, Error> {
    let (first, end) = end.map_or((0, first), |end| (first, end));
    if end.saturating_sub(first) > 1000 {
        return Err(Refusal::new("has more than 1000 numbers").into_error());
    }
    Ok((first..end).collect())
}

/// 4, 6 or both; written `6` or `v=6`.
fn option(family: Option<u32>, options: &Kwargs) -> Result<Option<u32>, Error> {
    let family = match family {
        Some(family) => Some(family),
        None => options.get::<Option<u32>>("v")?,
    };
    options.assert_all_used()?;
    match family {
        None | Some(4 | 6) => Ok(family),
        Some(_) => Err(Refusal::new("the version of an address is 4 or 6").into_error()),
    }
}

fn of_interface(it: &Interface, family: Option<u32>) -> Result<String, Refusal> {
    choose(it.ipv4.first().copied(), it.ipv6.first().copied(), family)
        .ok_or_else(|| Refusal::new("the interface has no such address"))
}

fn of_route(net: &Net, family: Option<u32>) -> Result<String, Refusal> {
    choose(net.ipv4, net.ipv6, family).ok_or_else(|| {
        Refusal::new("there is no default route").with_help("name the interface: ip(\"eth0\")")
    })
}

fn choose(v4: Option<Ipv4Addr>, v6: Option<Ipv6Addr>, family: Option<u32>) -> Option<String> {
    let v4 = v4.filter(|_| family != Some(6)).map(|it| it.to_string());
    v4.or_else(|| v6.filter(|_| family != Some(4)).map(|it| it.to_string()))
}
