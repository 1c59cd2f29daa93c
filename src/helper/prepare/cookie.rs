//! The cookie: from the environment, vm.args, the release, the home directory, or made for this instance.
//! It leaves this process by file only.

use std::fs::File;
use std::io::Read;

use crate::error::{Failure, Message, Status};
use crate::helper::env::{self, Instance};
use crate::helper::record;
use crate::vmargs::Secret;

const LENGTH: usize = 20;

/// A cookie.
pub(super) struct Found {
    pub secret: Secret,
}

/// The first of: `RELEASE_COOKIE` or `-setcookie` (as `decided`), releases/COOKIE, ~/.erlang.cookie, the one that
/// this instance had last time, a new one.
pub(super) fn find(instance: &Instance, decided: Option<&Secret>) -> Result<Found, Failure> {
    if let Some(secret) = decided {
        return Ok(Found { secret: secret.clone() });
    }
    let home = env::var("HOME").map(|home| std::path::Path::new(&home).join(".erlang.cookie"));
    let mine = record::cookie_file(&instance.state);
    let files = [Some(instance.root.join("releases/COOKIE")), home, Some(mine)];
    for file in files.into_iter().flatten() {
        // Not there, or not ours to read: the next one.
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        let secret = Secret::new(text.trim_end_matches(['\r', '\n']));
        secret.check_cookie().map_err(|_| {
            Message::new(Status::Failed, format!("{} holds no usable cookie", file.display())).with_help(
                "a cookie is printable ASCII without spaces, not starting with \"-\", 255 characters at most",
            )
        })?;
        return Ok(Found { secret });
    }
    Ok(Found { secret: generate()? })
}

fn generate() -> Result<Secret, Failure> {
    let mut bytes = [0; LENGTH];
    let read = File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
    read.map_err(|error| Message::new(Status::Failed, format!("cannot read /dev/urandom: {error}")))?;
    Ok(Secret::new(bytes.iter().map(|byte| char::from(b'A' + byte % 26)).collect::<String>()))
}
