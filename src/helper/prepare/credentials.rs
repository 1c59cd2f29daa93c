//! Where `file()` and `secret()` of templates find their text on this host.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::helper::env;
use crate::vmargs::{Refusal, Sources, Text};

/// The most bytes of a file.
const LONGEST: usize = 64 * 1024;

/// Where container engines put secrets.
const RUN: [&str; 2] = ["/run/secrets", "/var/run/secrets"];

/// The places for secrets.
#[derive(Debug)]
pub(super) struct Credentials {
    /// systemd's `$CREDENTIALS_DIRECTORY`.
    directory: Option<PathBuf>,
}

impl Credentials {
    pub(super) fn from_env() -> Self {
        Self { directory: env::var("CREDENTIALS_DIRECTORY").map(Into::into) }
    }

    fn directories(&self) -> impl Iterator<Item = &Path> {
        self.directory.as_deref().into_iter().chain(RUN.iter().map(Path::new))
    }

    /// Whether a path, as written or with its links followed, is in one of the places.
    fn is_secret(&self, path: &Path) -> bool {
        let real = path.canonicalize();
        let places =
            self.directories().flat_map(|place| [Some(place.to_path_buf()), place.canonicalize().ok()]);
        places
            .flatten()
            .any(|place| path.starts_with(&place) || real.as_ref().is_ok_and(|real| real.starts_with(&place)))
    }
}

impl Sources for Credentials {
    fn file(&self, path: &str) -> Result<Text, Refusal> {
        let path = Path::new(path);
        if path.is_relative() {
            return Err(Refusal::new("the path has to be absolute")
                .with_help("release.root ~ \"/etc/x\" is a file of the release"));
        }
        Ok(Text { text: read(path)?, secret: self.is_secret(path) })
    }

    /// The first of `$CREDENTIALS_DIRECTORY/NAME`, `/run/secrets/NAME`, the file that `NAME_FILE` names, `NAME`.
    fn secret(&self, name: &str) -> Result<Text, Refusal> {
        if name.is_empty() || name.contains(['/', '\0', '=']) || name == "." || name.contains("..") {
            return Err(Refusal::new("this is no name of a secret")
                .with_help("a name has no / and no ..; file(\"/path\") reads any file"));
        }
        let named = std::env::var_os(format!("{name}_FILE")).filter(|path| !path.is_empty());
        let places = self.directory.iter().map(PathBuf::as_path).chain([Path::new(RUN[0])]);
        let file = places.map(|place| place.join(name)).find(|path| path.exists());
        let text = match file.or(named.map(PathBuf::from)) {
            Some(path) => read(&path)?,
            None => std::env::var(name).map_err(|error| match error {
                std::env::VarError::NotPresent => Refusal::new("there is no such secret").with_help(
                    "give it as $CREDENTIALS_DIRECTORY/NAME, /run/secrets/NAME, the file that NAME_FILE names, or the variable NAME",
                ),
                std::env::VarError::NotUnicode(_) => Refusal::new("is not UTF-8"),
            })?,
        };
        Ok(Text { text, secret: true })
    }
}

/// The text of a file without the newline at its end. Not of a pipe or a device: there a start could hang.
fn read(path: &Path) -> Result<String, Refusal> {
    let failed = |error: std::io::Error| Refusal::new(format!("cannot read the file: {error}"));
    let about = path.metadata().map_err(failed)?;
    if !about.is_file() {
        return Err(Refusal::new("this is no regular file"));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(LONGEST as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > LONGEST {
        return Err(Refusal::new("the file has more than 64 KiB"));
    }
    let mut text = String::from_utf8(bytes).map_err(|_| Refusal::new("the file is not UTF-8"))?;
    let end = text.strip_suffix('\n').map(|text| text.strip_suffix('\r').unwrap_or(text).len());
    text.truncate(end.unwrap_or(text.len()));
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::{Credentials, LONGEST};
    use crate::vmargs::Sources;

    #[test]
    fn files_are_text_of_a_bounded_length() {
        let dir = tempfile::tempdir().unwrap();
        let sources = Credentials { directory: Some(dir.path().join("credentials")) };
        let file = |bytes: &[u8]| {
            let path = dir.path().join("file");
            std::fs::write(&path, bytes).unwrap();
            sources.file(path.to_str().unwrap()).map(|text| text.text).map_err(|error| error.to_string())
        };
        for (bytes, expected) in
            [("", ""), ("a", "a"), ("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), (" é\r", " é\r")]
        {
            assert_eq!(file(bytes.as_bytes()).as_deref(), Ok(expected), "{bytes:?}");
        }
        assert_eq!(file(&vec![b'x'; LONGEST]).map(|text| text.len()), Ok(LONGEST));
        assert_eq!(file(&vec![b'x'; LONGEST + 1]).unwrap_err(), "the file has more than 64 KiB");
        assert_eq!(file(b"\xff").unwrap_err(), "the file is not UTF-8");
        let refused = |path: &str| sources.file(path).map(|text| text.text).unwrap_err().to_string();
        assert_eq!(refused("/nowhere/x"), "cannot read the file: No such file or directory (os error 2)");
        assert_eq!(refused("etc/passwd"), "the path has to be absolute");
        assert_eq!(refused("/dev/zero"), "this is no regular file");
        assert_eq!(refused("/etc/\0"), "cannot read the file: file name contained an unexpected NUL byte");
    }

    #[test]
    fn secrets_are_what_lies_in_their_directories() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("credentials");
        std::fs::create_dir(&place).unwrap();
        std::fs::write(place.join("TOKEN"), "hush\n").unwrap();
        std::fs::write(dir.path().join("plain"), "x").unwrap();
        std::os::unix::fs::symlink(place.join("TOKEN"), dir.path().join("link")).unwrap();
        std::os::unix::fs::symlink(dir.path().join("plain"), place.join("linked")).unwrap();
        let sources = Credentials { directory: Some(place.clone()) };
        let secret =
            |path: &str| sources.file(dir.path().join(path).to_str().unwrap()).map(|text| text.secret);
        for (path, expected) in [
            ("plain", false),
            ("link", true),
            ("credentials/TOKEN", true),
            ("credentials/linked", true),
            ("credentials/../plain", true),
            ("../credentials", true),
        ] {
            assert_eq!(secret(path).unwrap_or(true), expected, "{path}");
        }
        let found = sources.secret("TOKEN").map(|text| (text.text, text.secret));
        assert_eq!(found.unwrap(), ("hush".into(), true));
        for name in ["", ".", "..", "a/b", "../TOKEN", "/etc/passwd", "a\0b", "A=B"] {
            let refused = sources.secret(name).map(|text| text.text).unwrap_err();
            assert_eq!(refused.to_string(), "this is no name of a secret", "{name:?}");
        }
        assert_eq!(
            sources.secret("RELBOOT_NONE").map(|_| ()).unwrap_err().to_string(),
            "there is no such secret"
        );
    }
}
