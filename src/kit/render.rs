//! The scripts with holes, filled. The only file that names the template engine; each hole is quoted
//! for the shell by [`Shell`], so no value can become code.

use std::fmt::{self, Write};

use askama::Template;
use askama::filters::Escaper;

use super::Plan;

/// Quotes a text as one word of any POSIX shell.
#[derive(Clone, Copy)]
pub(super) struct Shell;

impl Escaper for Shell {
    fn write_escaped_str<W: Write>(&self, mut dest: W, string: &str) -> fmt::Result {
        dest.write_str(&shell_escape::unix::escape(string.into()))
    }
}

/// `bin/NAME`.
#[derive(Template)]
#[template(path = "bin/entry.tpl.sh")]
struct Entry<'a> {
    name: &'a str,
}

/// `settings.sh`.
#[derive(Template)]
#[template(path = "boot/settings.tpl.sh")]
struct Settings<'a> {
    kit_version: &'a str,
    kind: &'a str,
    name: &'a str,
    vsn: &'a str,
    erts_vsn: &'a str,
    elixir: &'a str,
    template: &'a str,
    sizing: &'a str,
    flags: &'a str,
    eval: &'a str,
    start_timeout: u32,
    stop_timeout: u32,
    stop_kill: &'a str,
    stop_dump: &'a str,
    supervise: &'a str,
    watchdog: u32,
    user: &'a str,
    log_files: u32,
    log_bytes: u32,
    crash_dumps: u32,
    hook_timeout: u32,
}

/// The templates with holes, as paths in `script-templates/`.
#[cfg(test)]
pub(super) const TEMPLATES: &[&str] = &["bin/entry.tpl.sh", "boot/settings.tpl.sh"];

/// The text of `bin/NAME`.
pub(super) fn entry(plan: &Plan) -> Vec<u8> {
    filled(&Entry { name: plan.name.as_str() })
}

/// The text of `settings.sh`.
pub(super) fn settings(plan: &Plan) -> Vec<u8> {
    filled(&Settings {
        kit_version: super::VERSION,
        kind: plan.kind.word(),
        name: plan.name.as_str(),
        vsn: &plan.vsn,
        erts_vsn: &plan.erts_vsn,
        elixir: yes(plan.elixir),
        template: if plan.template { super::TEMPLATE } else { "" },
        sizing: if plan.sizing { "auto" } else { "off" },
        flags: &plan.flags,
        eval: if plan.eval_on_node { "node" } else { "vm" },
        start_timeout: plan.start_timeout,
        stop_timeout: plan.stop_timeout,
        stop_kill: yes(plan.stop_kill),
        stop_dump: yes(plan.stop_dump),
        supervise: yes(plan.supervise),
        watchdog: plan.watchdog,
        user: &plan.user,
        log_files: plan.log_files,
        log_bytes: plan.log_bytes,
        crash_dumps: plan.crash_dumps,
        hook_timeout: plan.hook_timeout,
    })
}

/// A truth as scripts tell it: a word, or none.
fn yes(it: bool) -> &'static str {
    if it { "yes" } else { "" }
}

/// One newline at the end, whatever the engine makes of the last one.
fn filled(template: &impl Template) -> Vec<u8> {
    let text = template.render().expect("the holes are texts and numbers, and memory does not refuse");
    let mut bytes = text.trim_end_matches('\n').as_bytes().to_vec();
    bytes.push(b'\n');
    bytes
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{entry, settings};
    use crate::kit::tests::plan;

    #[test]
    fn settings_are_assignments() {
        let text = String::from_utf8(settings(&plan())).unwrap();
        insta::assert_snapshot!(text.replace(&format!("kit_version={}\n", super::super::VERSION), "kit_version=VERSION\n"), @r#"
        # shellcheck shell=sh
        # settings: what the generator knows of this version of the release; assignments only.
        # shellcheck disable=SC2034,SC2016 # other files use them; a value may hold a "$"
        _boot_kit_version=VERSION
        _boot_kind=relx
        _boot_name=demo
        _boot_vsn=0.1.0
        _boot_erts_vsn=13.1.5
        _boot_elixir=''
        _boot_template=''
        _boot_sizing=off
        _boot_flags=''
        _boot_eval=vm
        _boot_start_timeout=60
        _boot_stop_timeout=60
        _boot_stop_kill=yes
        _boot_stop_dump=''
        _boot_supervise=yes
        _boot_watchdog=0
        _boot_user=''
        _boot_log_files=5
        _boot_log_bytes=1000000
        _boot_crash_dumps=5
        _boot_hook_timeout=60
        "#);
    }

    #[test]
    fn hostile_values_stay_values() {
        let hostile = "a'b\"c $HOME `id` $(id)\n\\ ; # ! * ~ é &";
        let mut plan = plan();
        plan.vsn = hostile.into();
        plan.erts_vsn = "'".into();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), settings(&plan)).unwrap();
        let script =
            ". \"$1\"; printf '%s|' \"$_boot_vsn\" \"$_boot_erts_vsn\" \"$_boot_elixir\" \"$_boot_name\"";
        let output = Command::new("sh").args(["-c", script, "sh"]).arg(file.path()).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{hostile}|'||demo|"));
        assert!(output.stderr.is_empty());
    }

    #[test]
    fn the_entry_holds_its_mark_and_name() {
        let text = String::from_utf8(entry(&plan())).unwrap();
        assert!(text.starts_with("#!/bin/sh\n# relboot entry"), "{text}");
        assert!(text.contains("_boot_name=demo\n") && text.ends_with("\"$@\"\n"), "{text}");
    }

    #[test]
    fn nothing_is_let_through_unquoted() {
        for template in super::TEMPLATES {
            let path =
                std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("script-templates").join(template);
            assert!(!std::fs::read_to_string(path).unwrap().contains("|safe"), "{template}");
        }
    }
}
