//! The cookie: from the environment, vm.args, the release, the home directory, or made for this instance.
//! It leaves this process by file only.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::error::{Failure, Message, Status};
use crate::helper::env::{self, Instance};
use crate::helper::record;
use crate::vmargs::{CookieRule, Secret};

const LENGTH: usize = 20;

/// A cookie.
pub(in crate::helper) struct Found {
    pub secret: Secret,
    /// The file it was in; none: it was said by the environment or vm.args, or has just been made.
    pub file: Option<PathBuf>,
    /// Whether it has just been made.
    pub made: bool,
}

/// What the environment says: `RELEASE_COOKIE` (`RELX_COOKIE`), or the content of the file `RELEASE_COOKIE_FILE`.
pub(super) fn wished() -> Result<Option<Secret>, Failure> {
    if let Some(cookie) = env::var("RELEASE_COOKIE").or_else(|| env::var("RELX_COOKIE")) {
        return Ok(Some(Secret::new(cookie)));
    }
    let Some(file) = env::var("RELEASE_COOKIE_FILE") else { return Ok(None) };
    let text = std::fs::read_to_string(&file).map_err(|error| {
        Message::new(Status::Failed, format!("cannot read the cookie in {file}: {error}"))
            .with_help("RELEASE_COOKIE_FILE names a file that holds the cookie and nothing else")
    })?;
    Ok(Some(checked(&text, Path::new(&file))?))
}

/// The first of: what the environment or `-setcookie` says (as `decided`), releases/COOKIE, ~/.erlang.cookie, the
/// one that this instance had last time, a new one.
pub(super) fn find(instance: &Instance, decided: Option<&Secret>) -> Result<Found, Failure> {
    if let Some(secret) = decided {
        return Ok(Found { secret: secret.clone(), file: None, made: false });
    }
    let home = env::var("HOME").map(|home| Path::new(&home).join(".erlang.cookie"));
    let mine = record::cookie_file(&instance.state);
    let files = [Some(instance.root.join("releases/COOKIE")), home, Some(mine)];
    for file in files.into_iter().flatten() {
        // Not there, or not ours to read: the next one.
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        let secret = checked(&text, &file)?;
        return Ok(Found { secret, file: Some(file), made: false });
    }
    Ok(Found { secret: generate()?, file: None, made: true })
}

/// The cookie in a file.
fn checked(text: &str, file: &Path) -> Result<Secret, Failure> {
    let secret = Secret::new(text.trim_end_matches(['\r', '\n']));
    secret.check_cookie().map_err(|rule| {
        Message::new(Status::Failed, format!("the cookie in {} {rule}", file.display()))
            .with_help(CookieRule::HELP)
    })?;
    Ok(secret)
}

fn generate() -> Result<Secret, Failure> {
    let mut bytes = [0; LENGTH];
    let read = File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
    read.map_err(|error| Message::new(Status::Failed, format!("cannot read /dev/urandom: {error}")))?;
    Ok(Secret::new(bytes.iter().map(|byte| char::from(b'A' + byte % 26)).collect::<String>()))
}
