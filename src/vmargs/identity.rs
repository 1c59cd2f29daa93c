//! What a node is called, and its cookie: from vm.args, what the user set in the environment, and
//! the host. Decides and takes the flags out; writes nothing back.

use super::args::{Args, Occurrence};
use super::error::{Error, Place};
use super::secret::Secret;
use crate::host::Host;
use crate::names::NodeName;

/// How a node takes part in distribution: the values of `RELEASE_DISTRIBUTION`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distribution {
    /// Long names, `-name`.
    Name,
    /// Short names, `-sname`.
    Sname,
    /// No distribution.
    None,
}

impl Distribution {
    /// # Errors
    /// When `text` is none of `name`, `sname` and `none`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        match text {
            "name" => Ok(Self::Name),
            "sname" => Ok(Self::Sname),
            "none" => Ok(Self::None),
            _ => Err(Error::BadValue {
                place: Place::variable("RELEASE_DISTRIBUTION"),
                flag: String::new(),
                rule: "one of name, sname, none",
            }),
        }
    }
}

/// What stands outside of vm.args. Empty texts count as not set.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// `RELEASE_NODE` as the user set it: `NAME` or `NAME@HOST`.
    pub node: Option<String>,
    /// `RELEASE_DISTRIBUTION` as the user set it.
    pub distribution: Option<Distribution>,
    /// The name for a release that sets none anywhere; short, as mix has it, unless `default_long`.
    pub default_name: Option<String>,
    /// Whether that is a long one.
    pub default_long: bool,
    /// `RELEASE_COOKIE`.
    pub cookie: Option<Secret>,
}

/// Who the node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its whole name; `None` for a node without distribution, and for one that gets its name
    /// from the first node it connects to (`-name undefined`).
    pub node: Option<NodeName>,
    /// Whether it uses long names.
    pub long: bool,
    /// Its cookie, if anybody set one.
    pub cookie: Option<Secret>,
    /// The port it listens on when it does without epmd: `-start_epmd false -erl_epmd_port N`.
    pub dist_port: Option<u16>,
    /// The carrier, of `-proto_dist`: `inet_tcp` when `None`.
    pub proto_dist: Option<String>,
}

/// Decides who the node is, and takes `-name`, `-sname` and `-setcookie` out of `args`.
///
/// What the user set in the environment wins over vm.args, which wins over the default. A name
/// without a host gets this host's. Left in `args` are a `-setcookie` for one other node (two
/// values) and the name `undefined`, which the VM itself has to see.
///
/// # Errors
/// Flags that contradict each other or lack a value, names and cookies that OTP would refuse or
/// misread, a long name without a host where the host has no domain, a short one with: all of them.
pub fn identify(args: &mut Args, wishes: &Wishes, host: &Host) -> Result<Identity, Vec<Error>> {
    let (cookie, port, name) = (cookie(args, wishes), dist_port(args), node(args, wishes, host));
    let proto_dist = proto_dist(args);
    match (name, cookie, port) {
        (Ok((node, long)), Ok(cookie), Ok(dist_port)) => {
            Ok(Identity { node, long, cookie, dist_port, proto_dist })
        }
        (name, cookie, port) => Err([name.err(), cookie.err(), port.err()].into_iter().flatten().collect()),
    }
}

/// The whole name, and whether it is a long one.
fn node(args: &mut Args, wishes: &Wishes, host: &Host) -> Result<(Option<NodeName>, bool), Error> {
    let name = name(args, wishes)?;
    let long = name.as_ref().is_some_and(|name| name.long);
    let node = match name {
        Some(name) if name.text == "undefined" => {
            args.push_front(if long { "-name" } else { "-sname" }, &["undefined"]);
            None
        }
        Some(name) => Some(name.complete(host)?),
        None => None,
    };
    Ok((node, long))
}

impl Identity {
    /// Decides anew how the node is spoken to, by a whole command line of which vm.args is a part.
    ///
    /// # Errors
    /// A port that is none.
    pub fn spoken_to_by(&mut self, args: &Args) -> Result<(), Error> {
        self.dist_port = dist_port(args)?;
        self.proto_dist = proto_dist(args);
        Ok(())
    }
}

/// A name that somebody wished for.
struct Name {
    text: String,
    long: bool,
    place: Place,
}

impl Name {
    fn complete(self, host: &Host) -> Result<NodeName, Error> {
        let Self { text, long, place } = self;
        let with_host = text.contains('@');
        let text = match (with_host, long) {
            (true, _) => text,
            (false, true) => format!("{text}@{}", host.fqdn),
            (false, false) => format!("{text}@{}", host.name),
        };
        let node = NodeName::parse(&text).map_err(|source| Error::Name { place: place.clone(), source })?;
        // Without a host the VM refuses to start where there is no domain. A host that is written
        // without one it takes, though no other node will connect to it: the caller may warn.
        if long && !with_host && !node.is_long() && node.host() != "localhost" {
            return Err(Error::NoDomain { place, node: text });
        }
        if !long && node.is_long() {
            return Err(Error::NotShort { place, node: text });
        }
        Ok(node)
    }
}

/// The name by rank: environment, vm.args, default.
fn name(args: &mut Args, wishes: &Wishes) -> Result<Option<Name>, Error> {
    let in_file = name_in_file(args)?;
    let wished = wishes.node.as_ref().filter(|node| !node.is_empty());
    let long_in_file = in_file.as_ref().map(|name| name.long);
    let mut name = if let Some(node) = wished {
        // A host that the user wrote tells which kind of name it is.
        let long = match node.split_once('@') {
            Some((_, host)) if host != "localhost" => host.contains(['.', ':']),
            _ => long_in_file.unwrap_or(false),
        };
        Some(Name { text: node.clone(), long, place: Place::variable("RELEASE_NODE") })
    } else {
        in_file.or_else(|| {
            let text = wishes.default_name.clone().filter(|name| !name.is_empty())?;
            Some(Name { text, long: wishes.default_long, place: Place::variable("the release's name") })
        })
    };
    match (wishes.distribution, &mut name) {
        (Some(Distribution::None), _) => return Ok(None),
        (Some(kind), Some(name)) => name.long = kind == Distribution::Name,
        _ => {}
    }
    Ok(name)
}

/// What `-name` or `-sname` says, both taken out.
fn name_in_file(args: &mut Args) -> Result<Option<Name>, Error> {
    let mut found: Option<(&str, Occurrence)> = None;
    for flag in ["-name", "-sname"] {
        for occurrence in args.occurrences(flag) {
            if occurrence.values.len() != 1 {
                return Err(bad_value(occurrence.place, flag, "one value, NAME or NAME@HOST"));
            }
            match &found {
                Some((first, other)) if *first != flag || other.values != occurrence.values => {
                    return Err(conflict(other, first, &occurrence, flag));
                }
                Some(_) => {}
                None => found = Some((flag, occurrence)),
            }
        }
        args.take(flag);
    }
    Ok(found.map(|(flag, occurrence)| Name {
        text: occurrence.values.concat(),
        long: flag == "-name",
        place: occurrence.place,
    }))
}

fn cookie(args: &mut Args, wishes: &Wishes) -> Result<Option<Secret>, Error> {
    let flag = "-setcookie";
    let mut found: Option<Occurrence> = None;
    let uses = args.occurrences(flag);
    args.take(flag);
    for occurrence in uses {
        match (occurrence.values.as_slice(), &found) {
            ([_], Some(first)) if first.values != occurrence.values => {
                return Err(conflict(first, flag, &occurrence, flag));
            }
            ([_], Some(_)) => {}
            ([_], None) => found = Some(occurrence),
            // OTP 24 and later: the cookie for one other node.
            ([node, cookie], _) => {
                let rule = Secret::new(cookie.as_str()).check_cookie();
                rule.map_err(|rule| Error::Cookie { place: occurrence.place.clone(), rule })?;
                args.push(flag, &[node, cookie]);
            }
            _ => {
                return Err(bad_value(
                    occurrence.place,
                    flag,
                    "one value, a cookie that begins with neither \"-\" nor \"+\"",
                ));
            }
        }
    }
    let wished = wishes.cookie.clone().filter(|cookie| !cookie.expose().is_empty());
    let in_file = found.map(|first| (Secret::new(first.values.concat()), first.place));
    let Some((cookie, place)) = wished.map(|cookie| (cookie, Place::variable("RELEASE_COOKIE"))).or(in_file)
    else {
        return Ok(None);
    };
    cookie.check_cookie().map_err(|rule| Error::Cookie { place, rule })?;
    Ok(Some(cookie))
}

/// The fixed port of a node without epmd.
fn dist_port(args: &Args) -> Result<Option<u16>, Error> {
    let Some(port) = sole(args.occurrences("-erl_epmd_port")) else { return Ok(None) };
    let number = match port.values.as_slice() {
        [text] => text.parse().ok().filter(|number: &u16| *number > 0),
        _ => None,
    };
    let number = number.ok_or_else(|| bad_value(port.place, "-erl_epmd_port", "a port from 1 to 65535"))?;
    let without_epmd = args.get("-start_epmd").last().is_some_and(|values| values == &["false"]);
    Ok(without_epmd.then_some(number))
}

/// The carrier.
fn proto_dist(args: &Args) -> Option<String> {
    sole(args.occurrences("-proto_dist"))?.values.into_iter().next()
}

/// The only use of a flag: of one that stands twice, the kernel application takes no notice.
fn sole(occurrences: Vec<Occurrence>) -> Option<Occurrence> {
    <[Occurrence; 1]>::try_from(occurrences).ok().map(|[only]| only)
}

fn bad_value(place: Place, flag: &str, rule: &'static str) -> Error {
    Error::BadValue { place, flag: flag.into(), rule }
}

fn conflict(first: &Occurrence, flag: &str, second: &Occurrence, other: &str) -> Error {
    let (first, second) = (first.place.clone(), second.place.clone());
    Error::Conflict { first, flag: flag.into(), second, other: other.into() }
}

#[cfg(test)]
mod tests;
