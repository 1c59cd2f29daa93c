//! Which Erlang/OTP a version of erts belongs to.

use serde::Serialize;

/// The runtime system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Otp {
    /// The release of OTP, such as 27; `None` for a version of erts that is none.
    pub release: Option<u32>,
    /// The version of erts, such as `15.2`.
    pub erts: String,
}

impl Otp {
    /// By the version of erts. OTP 21 and 22 share erts 10: 22 begins with 10.4.
    #[must_use]
    pub fn of_erts(vsn: &str) -> Self {
        let mut parts = vsn.split('.').map(|part| part.parse::<u32>().ok());
        let release = match (parts.next().flatten(), parts.next().flatten()) {
            (Some(major @ 11..1000), _) => Some(major + 12),
            (Some(10), minor) => Some(if minor >= Some(4) { 22 } else { 21 }),
            (Some(major @ 6..10), _) => Some(major + 11),
            _ => None,
        };
        Self { release, erts: vsn.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::Otp;

    #[test]
    fn erts_tells_the_release() {
        for (erts, release) in [
            ("17.0.1", Some(29)),
            ("13.1.5", Some(25)),
            ("11.2", Some(23)),
            ("10.4", Some(22)),
            ("10.3.5", Some(21)),
            ("9.3", Some(20)),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(Otp::of_erts(erts).release, release, "{erts}");
        }
    }
}
