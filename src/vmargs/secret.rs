//! A cookie that does not get into messages, and the rules for what a cookie may be.

use std::fmt;

use super::substitute::has_variable;

/// A text that must not be shown: `Debug` prints none of it and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the file or the handshake that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether every part of OTP reads it back as it stands.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn check_cookie(&self) -> Result<(), CookieRule> {
        let text = &self.0;
        if text.is_empty() {
            Err(CookieRule::Empty)
        } else if text.starts_with('-') {
            Err(CookieRule::Dash)
        } else if has_variable(text) {
            Err(CookieRule::Variable)
        } else if !text.chars().all(|c| c.is_ascii_graphic()) {
            Err(CookieRule::Characters)
        } else if text.len() > 255 {
            Err(CookieRule::Length)
        } else {
            Ok(())
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// What a cookie may be, by the rule it breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookieRule {
    /// It has to have a character.
    Empty,
    /// `-` at the start would make it a flag: the node would silently use another cookie.
    Dash,
    /// It came out of a file that nobody rendered, and anybody could guess it.
    Variable,
    /// A cookie file holds printable ASCII only, and tools differ on spaces.
    Characters,
    /// It is an atom.
    Length,
}

impl CookieRule {
    /// How to get a good one.
    pub const HELP: &str =
        "use 1 to 255 letters, digits and signs of ASCII, without a space, not beginning with \"-\"";
}

impl fmt::Display for CookieRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "is empty",
            Self::Dash => "begins with \"-\"",
            Self::Variable => "is a ${VARIABLE} that nobody has replaced",
            Self::Characters => "has a character that is no printable ASCII, or a space",
            Self::Length => "has more than 255 characters",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{CookieRule, Secret};

    #[test]
    fn cookies_are_printable_ascii() {
        for good in ["x", "!~", "a-b+c", "${", "${}", "${1}", "$A{B}", "${a-b}", &"x".repeat(255)] {
            assert_eq!(Secret::new(good).check_cookie(), Ok(()), "{good}");
        }
        for (bad, rule) in [
            ("", CookieRule::Empty),
            ("-x", CookieRule::Dash),
            ("${COOKIE}", CookieRule::Variable),
            ("a${A_1:-x}", CookieRule::Variable),
            ("a b", CookieRule::Characters),
            ("a\r", CookieRule::Characters),
            ("é", CookieRule::Characters),
            (&"x".repeat(256), CookieRule::Length),
        ] {
            assert_eq!(Secret::new(bad).check_cookie(), Err(rule), "{bad:?}");
        }
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?} {:#?}", Secret::new("hush"), Some(Secret::new("hush"))).find("hush"), None);
    }
}
