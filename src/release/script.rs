//! Whose start script a `bin/NAME` is: each tool's own lines give it away. Looks at text only.

use super::Kind;

/// Lines that a tool's start script holds in every version known; all of one entry have to be there.
const SIGNATURES: &[(Kind, &[&str])] = &[
    (Kind::Mix, &["REL_VSN_DIR=\"$RELEASE_ROOT/releases/$RELEASE_VSN\""]),
    (Kind::Distillery, &["SCRIPT_DIR=", "${REL_NAME}_rc_exec.sh"]),
    (Kind::Distillery, &["RELEASES_DIR=", "\"$RELEASES_DIR/$REL_VSN/$REL_NAME.sh\" \"$@\""]),
    (Kind::Relx, &["RELEASE_ROOT_DIR=", "REL_VSN=", "find_erts_dir()"]),
];

/// The tool that wrote `script`; `None` when it is nobody's known.
#[must_use]
pub fn author(script: &[u8]) -> Option<Kind> {
    let text = String::from_utf8_lossy(script);
    SIGNATURES.iter().find(|(_, marks)| marks.iter().all(|mark| text.contains(mark))).map(|(kind, _)| *kind)
}

#[cfg(test)]
mod tests {
    use super::{Kind, author};

    #[test]
    fn knows_the_tools_scripts() {
        let relx = b"#!/bin/sh\nRELEASE_ROOT_DIR=\"$(cd ..)\"\nREL_VSN=\"1\"\nfind_erts_dir() {\n";
        let mix = b"#!/bin/sh\nREL_VSN_DIR=\"$RELEASE_ROOT/releases/$RELEASE_VSN\"\n";
        let distillery = b"SCRIPT_DIR=x\n exec \"${SCRIPT_DIR}/${REL_NAME}_rc_exec.sh\" \"$@\"\n";
        assert_eq!(author(relx), Some(Kind::Relx));
        assert_eq!(author(mix), Some(Kind::Mix));
        assert_eq!(author(distillery), Some(Kind::Distillery));
        assert_eq!(author(b"#!/bin/sh\nexec erl\n"), None);
        assert_eq!(author(b"\xff\x00"), None);
    }
}
