//! The node in the foreground of a terminal: keys that are signals, job control, what is typed, a terminal that goes.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::instance::Instance;
use crate::support::process::{Output, until};
use crate::support::releases::{mix, rebar3};
use crate::support::terminal::terminal;
use crate::support::tools::need;

/// A plugin whose hooks say their names.
fn plugin(instance: &Instance, pre_stop: &str) {
    let plugin = instance.path().join("plugins/say");
    fs::create_dir_all(&plugin).unwrap();
    for (hook, more) in [("post_start", ""), ("pre_stop", pre_stop), ("post_stop", "")] {
        fs::write(plugin.join(hook), format!("echo \"hook: $BOOT_PHASE\"\n{more}\n")).unwrap();
    }
}

fn foreground(instance: &Instance, steps: &[(&str, &str)]) -> Output {
    instance.finish(terminal(instance, steps).arg("foreground"), "")
}

#[test]
fn keys_stop_the_node_and_stop_it_at_once() {
    let (Some(raw), true) = (rebar3(), need(&["python3"])) else { return };
    let instance = Instance::of(raw).kit();
    plugin(&instance, "sleep 0.7; echo \"paused\"");
    // What is typed reaches the node, whose end of input is none of its own; ctrl-C throws away the rest of it.
    let output = foreground(&instance, &[("hook: post_start", "typed\r\x04more\r"), ("typed", "\x03")]);
    assert_eq!(output.status, 0, "{output}");
    assert!(output.stdout.contains("hook: post_stop"), "{output}");
    let output = foreground(&instance, &[("hook: post_start", "\x1c"), ("paused", "\x03")]);
    assert_eq!(output.status, 137, "{output}");
    let told = "is killed: a second signal came while it was stopping";
    assert!(output.stdout.contains(told) && output.stdout.contains("hook: post_stop"), "{output}");
    assert_eq!(instance.vms(), [0; 0]);
}

/// An interactive shell with somebody who types; `$ENTRY` is bin/NAME.
fn shell(instance: &Instance, steps: &[(&str, &str)]) -> Output {
    let mut typed: Command = terminal(instance, steps);
    let mut words: Vec<_> = typed.get_args().map(ToOwned::to_owned).collect();
    words.pop();
    typed = instance.command(Path::new("python3"));
    typed.args(words).args(["bash", "--norc", "-i"]);
    typed.env("ENTRY", instance.entry()).env("TERM", "dumb");
    instance.finish(&mut typed, "")
}

/// Prints `vm is T.` once it stands still, `vm is S.` once it goes on: the shell knows only what its job, the parent,
/// does.
fn state(letter: char) -> String {
    let is = "read p x <\"${ENTRY%/bin/*}/tmp/demo/pid\"; until [ \"$(ps -o s= -p $p)\" = $s ]; do :; done";
    format!("s={letter}; {is}; echo \"vm is $s.\"\r")
}

#[test]
fn job_control_stops_the_node_and_goes_on_with_it() {
    let (Some(raw), true) = (rebar3(), need(&["python3", "bash", "ps"])) else { return };
    let instance = Instance::of(raw).kit();
    plugin(&instance, "");
    let (stands, goes_on) = (state('T'), state('S'));
    let output = shell(
        &instance,
        &[
            ("bash", "stty tostop; \"$ENTRY\" foreground\r"),
            ("hook: post_start", "\x1a"),
            ("Stopped", &stands),
            ("vm is T.", "fg\r"),
            ("foreground\r\n", "\x01\x1a"),
            ("Stopped", "bg\r"),
            ("foreground &", &goes_on),
            ("vm is S.", "\"$ENTRY\" rpc 'io:format(user, \"sa~w~n\", [1])'\r"),
            ("sa1", &goes_on),
            ("vm is S.", "fg\r"),
            ("foreground\r\n", "\x01\x03"),
            ("hook: post_stop", ""),
            ("bash", "echo \"end\"=$?\r"),
            ("end=0", "exit\r"),
        ],
    );
    assert!(output.stdout.contains("end=0"), "{output}");
    // In the background from the start, and with the terminal gone.
    let output = shell(
        &instance,
        &[
            ("bash", "\"$ENTRY\" foreground &\r"),
            ("hook: post_start", &goes_on),
            ("vm is S.", "kill -HUP %1; wait %1; echo \"end\"=$?\r"),
            ("end=0", "exit\r"),
        ],
    );
    assert!(output.stdout.contains("end=0") && output.stdout.contains("hook: post_stop"), "{output}");
    let left = Path::new("tmp/demo/supervise.sock");
    until("nothing is left", std::time::Duration::from_secs(10), || {
        instance.vms().is_empty() && !instance.path().join(left).exists()
    });
}

#[test]
fn a_mix_node_reads_what_is_typed() {
    let (Some(raw), true) = (mix(), need(&["python3"])) else { return };
    let instance = Instance::of(raw).kit();
    plugin(&instance, "");
    let reads = "spawn(fn -> IO.puts(Process.whereis(:user), [\"read: \", IO.gets(Process.whereis(:user), \"ask> \")]) end)";
    let hook = instance.path().join("plugins/say/post_start");
    fs::write(hook, format!("\"$BOOT_PROG\" rpc '{reads}'\n")).unwrap();
    let output = foreground(&instance, &[("ask> ", "hello\r"), ("read: hello", "\x03")]);
    assert_eq!(output.status, 0, "{output}");
    assert!(output.stdout.contains("read: hello"), "{output}");
}
