//! An application that did not start: which one, where in it, and its reason without the wrapping of supervisors.

use super::exception::Exception;
use super::holder::Holder;
use super::term::Term;
use super::{Diagnosis, Evidence, files};

/// What `application_start_failure` says.
pub(super) fn failed(evidence: &Evidence) -> Option<Diagnosis> {
    let failure = failure(evidence)?;
    let [name, reason] = failure.tagged("application_start_failure")? else { return None };
    let (name, reason) = (name.short(), Reason::of(reason));
    let of = format!("the application {name} did not start");
    specific(evidence, &name, &of, &reason).or_else(|| {
        let help = match &reason.at {
            Some(at) => format!("it happened in {at}; the reports above have the whole stack"),
            None => {
                format!("the reason is {name}'s own: look at the reports above, and at its configuration")
            }
        };
        Some(Diagnosis::new("application-failed", format!("{of}: {}", reason.told()), help))
    })
}

/// The application that did not start, when it says so.
pub(super) fn named(evidence: &Evidence) -> Option<String> {
    failure(evidence)?.tagged("application_start_failure")?.first()?.atom().map(str::to_owned)
}

/// Whether an application did not start for a reason that has nothing of native code in it.
pub(super) fn failed_otherwise(evidence: &Evidence) -> bool {
    let native = |term: &Term| {
        let words = match term {
            Term::Atom(name) => ["undef", "nif", "load_failed", "not_loaded", "on_load"]
                .iter()
                .any(|word| if *word == "undef" { name == word } else { name.contains(word) }),
            Term::Text(text) => {
                ["NIF", "Error relocating", "version `", ".so"].iter().any(|word| text.contains(word))
            }
            _ => false,
        };
        words.then_some(())
    };
    failure(evidence).is_some_and(|term| {
        term.tagged("application_start_failure").is_some() && term.find(&native).is_none()
    })
}

/// The term, from the log where it is whole, or from the crash dump, which may cut it off.
fn failure(evidence: &Evidence) -> Option<Term> {
    const TAG: &str = "{application_start_failure,";
    [Some(evidence.log.as_str()), evidence.slogan.as_deref()].into_iter().flatten().find_map(|text| {
        let at = text.rfind(TAG)?;
        // In one of the two forms it is a string inside of another term.
        let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
        match text[line..at].ends_with('"') {
            true => match Term::read(&text[at - 1..])? {
                Term::Text(inner) => Term::read(&inner),
                _ => None,
            },
            false => Term::read(&text[at..]),
        }
    })
}

/// A reason and the way to it.
pub(super) struct Reason<'a> {
    /// What is left when all that wraps it is gone.
    pub root: &'a Term,
    /// The children of supervisors on the way, outermost first.
    children: Vec<String>,
    /// The call that raised it, with file and line.
    pub at: Option<String>,
    /// What a callback returned instead of what it has to.
    returned: Option<String>,
}

impl<'a> Reason<'a> {
    pub(super) fn of(term: &'a Term) -> Self {
        let mut reason = Self { root: term, children: Vec::new(), at: None, returned: None };
        // Each round takes one layer off.
        while reason.unwrap() {}
        reason
    }

    fn unwrap(&mut self) -> bool {
        let Some(parts) = self.root.tuple() else { return false };
        let (first, rest) = match parts.split_first() {
            Some((first, rest)) if !rest.is_empty() => (first, rest),
            // What stood behind it was cut off.
            Some((first @ Term::Tuple(_), _)) => {
                self.root = first;
                return true;
            }
            _ => return false,
        };
        match (first.atom(), rest) {
            (Some("shutdown" | "EXIT" | "error"), [inner]) => self.root = inner,
            (Some("failed_to_start_child"), [child, inner]) => {
                self.children.push(child.short());
                self.root = inner;
            }
            (Some("bad_return" | "bad_return_value"), [Term::Tuple(parts)]) if parts.len() == 2 => {
                if parts[1].tagged("EXIT").is_none() {
                    self.returned = call(&parts[0]);
                }
                self.root = &parts[1];
            }
            (_, [Term::List(stack)]) if frame(stack.first()).is_some() => {
                self.at = frame(stack.first());
                self.root = first;
            }
            // Of application_master: the reason and the callback.
            (_, [callback]) if is_start(callback) => self.root = first,
            _ => return false,
        }
        true
    }

    /// On one line.
    pub(super) fn told(&self) -> String {
        let inside = match self.children.as_slice() {
            [] => String::new(),
            children => format!("its child {} failed: ", children.join(", of that ")),
        };
        let text = match (&self.returned, self.root.tagged("badmatch")) {
            (Some(call), _) => format!("{call} returned {}", self.root.short()),
            (None, Some([value])) => format!("no match for {}", value.short()),
            _ => self.root.short(),
        };
        format!("{inside}{text}")
    }
}

/// `{demo_app,start,[normal,[]]}`
fn is_start(term: &Term) -> bool {
    let parts = term.tuple().unwrap_or_default();
    matches!(parts, [Term::Atom(_), Term::Atom(name), Term::List(arguments)]
        if name == "start" && arguments.len() == 2)
}

/// `{m,f,[a]}` or `{m,f,1}` as `m:f/1`.
fn call(term: &Term) -> Option<String> {
    let [module, function, arguments, ..] = term.tuple()? else { return None };
    let count = match arguments {
        Term::List(arguments) => arguments.len().to_string(),
        Term::Other(count) => count.clone(),
        _ => return None,
    };
    let (module, function) = (module.atom()?, function.atom()?);
    Some(match module.strip_prefix("Elixir.") {
        Some(module) => format!("{module}.{function}/{count}"),
        None => format!("{module}:{function}/{count}"),
    })
}

/// The first entry of a stack, with its place.
fn frame(term: Option<&Term>) -> Option<String> {
    let parts = term?.tuple().filter(|parts| parts.len() == 4)?;
    let mut text = call(term?)?;
    let place = parts[3].list()?;
    let of = |key| place.iter().find_map(|pair| pair.tagged(key)?.first());
    if let (Some(Term::Text(file)), Some(line)) = (of("file"), of("line")) {
        text.push_str(&format!(" ({file}, line {})", line.short()));
    }
    Some(super::term::safe(&text))
}

/// Reasons that have a cause outside of the application.
fn specific(evidence: &Evidence, name: &str, of: &str, reason: &Reason<'_>) -> Option<Diagnosis> {
    if reason.root.atom() == Some("undef") {
        let at = reason.at.as_deref().unwrap_or("a function");
        return Some(Diagnosis::new(
            "function-missing",
            format!("{of}: there is no {at}"),
            "its module is not in the release, or is another version of it: build the release again, with the \
             application that has it",
        ));
    }
    let exception = Exception::of(reason.root).filter(|exception| exception.name == "System.EnvError");
    if let Some(Term::Text(variable)) = exception.and_then(|exception| exception.field("env")) {
        let variable = super::term::safe(variable);
        return Some(Diagnosis::new(
            "variable-missing",
            format!("{of}: it needs the variable {variable}, which is not set"),
            format!("set it where the node is started, or in env.sh: export {variable}=..."),
        ));
    }
    if let Some([other]) = reason.root.tagged("not_started") {
        let other = other.short();
        return Some(Diagnosis::new(
            "application-not-started",
            format!("{of}: it needs {other}, which has not been started"),
            format!(
                "add {other} to the applications of {name} (.app.src or mix.exs), and build the release again"
            ),
        ));
    }
    let app_file = |term: &Term| match term {
        Term::Text(text) => text.strip_suffix(".app").map(str::to_owned),
        _ => None,
    };
    if let Some(other) = reason.root.find(&app_file) {
        let other = super::term::safe(&other);
        return Some(Diagnosis::new(
            "application-missing",
            format!("{of}: {other} is not in the release"),
            format!("add {other} to the release (rebar.config or mix.exs), and build it again"),
        ));
    }
    if let Some(found) = configuration(of, name, reason).or_else(|| nodes_down(of, reason)) {
        return Some(found);
    }
    if reason.root.holds("eaddrinuse") {
        return Some(address_in_use(evidence, of, name, reason));
    }
    files::errno(reason, of)
}

/// What kernel's own checks of its configuration say.
fn configuration(of: &str, name: &str, reason: &Reason<'_>) -> Option<Diagnosis> {
    let bad = reason.root.find(&|term| term.tagged("bad_config")?.first())?;
    if let Some(found) = files::errno(&Reason::of(bad), of) {
        return Some(found);
    }
    let text = format!("{of}: its configuration has something that it does not take: {}", bad.short());
    Some(Diagnosis::new("configuration", text, format!("correct it in sys.config, in the part of {name}")))
}

fn nodes_down(of: &str, reason: &Reason<'_>) -> Option<Diagnosis> {
    let nodes = reason.root.tagged("mandatory_nodes_down")?.first()?;
    Some(Diagnosis::new(
        "nodes-missing",
        format!("{of}: it waited in vain for the nodes {}", nodes.short()),
        "start those, or take them out of sync_nodes_mandatory in sys.config",
    ))
}

/// The port is in the words about the failure, or it is guessed: one that the log or the configuration names, and
/// somebody listens on.
fn address_in_use(evidence: &Evidence, of: &str, name: &str, reason: &Reason<'_>) -> Diagnosis {
    let texts = [evidence.log.as_str(), evidence.slogan.as_deref().unwrap_or_default()];
    let lines = texts.iter().flat_map(|text| text.lines()).filter(|line| line.contains("eaddrinuse"));
    let mut said = ports(&reason.root.short());
    said.extend(lines.flat_map(ports));
    let known = Holder::of_any(&said);
    let named =
        || texts.iter().chain([&evidence.config.as_str()]).flat_map(|text| ports(text)).collect::<Vec<_>>();
    let (text, help) = if let Some((port, holder)) = known {
        (
            format!("{of}: the port {port} is in use by {holder}"),
            format!("stop that, or give {name} another port"),
        )
    } else {
        let guess = Holder::of_any(&named());
        let guess = guess.map(|(port, holder)| format!(": perhaps {port}, where {holder} listens"));
        (
            format!("{of}: a port that it listens on is in use (eaddrinuse){}", guess.unwrap_or_default()),
            format!("\"ss -ltnp\" lists who listens where; give {name} another port, or stop the other"),
        )
    };
    Diagnosis::new("port-in-use", text, help)
}

/// The numbers behind the word "port".
fn ports(text: &str) -> Vec<u16> {
    let after = text.to_ascii_lowercase();
    let parts = after.split("port").skip(1);
    let number = |part: &str| {
        let digits = part.trim_start_matches(|c: char| " ,:=>\"'".contains(c));
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        digits[..end].parse().ok().filter(|port| *port > 0)
    };
    let mut found: Vec<u16> = parts.filter_map(number).collect();
    found.dedup();
    found.truncate(100);
    found
}

#[cfg(test)]
mod tests {
    use super::{Reason, Term, ports};

    #[track_caller]
    fn told(term: &str) -> String {
        Reason::of(&Term::read(term).unwrap()).told()
    }

    #[test]
    fn a_reason_is_told_without_its_wrapping() {
        let child = "{{shutdown,{failed_to_start_child,a,{shutdown,{failed_to_start_child,b,{{badmatch,{error,x}},\
                     [{m,f,1,[{file,\"m.erl\"},{line,3}]}]}}}}},{demo_app,start,[normal,[]]}}";
        assert_eq!(told(child), "its child a, of that b failed: no match for {error, x}");
        assert_eq!(Reason::of(&Term::read(child).unwrap()).at.as_deref(), Some("m:f/1 (m.erl, line 3)"));
        assert_eq!(told("{bad_return,{{demo_app,start,[normal,[]]},ok}}"), "demo_app:start/2 returned ok");
        let raised = "{bad_return,{{demo_app,start,[normal,[]]},{'EXIT',{boom,[{demo_app,start,2,[]}]}}}}";
        assert_eq!(told(raised), "boom");
        assert_eq!(told("{{weird,reason},{demo_app,start,[normal,[]]}}"), "{weird, reason}");
    }

    #[test]
    fn ports_are_numbers_behind_the_word() {
        let text = "{port,8080}, port => 1, #Port<0.3>, \"port\": 70000, Port 443 x {http_port, 81}";
        assert_eq!(ports(text), [8080, 1, 443, 81]);
    }
}
