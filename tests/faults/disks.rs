//! Disks that are full: before a start, in the midst of one, under a node that runs.

use std::fs;
use std::path::Path;

use crate::support::instance::Instance;
use crate::support::releases::rebar3;

/// In a mount namespace of its own: a page for each file and directory. `step WORDS` prints what the command said, and
/// its status at the beginning of a line.
const SCRIPT: &str = "mount -t tmpfs -o size=400k,mode=700 none \"$1\" || exit 99
export BOOT_STATE_DIR=\"$1/demo\"
bin=$2 dir=$1
fill() { printf '%0500000d' 0 >\"$dir/full\" 2>/dev/null; printf '%05000d' 0 >\"$dir/more\" 2>/dev/null; }
empty() { rm -f \"$dir/full\" \"$dir/more\"; }
step() { \"$bin\" \"$@\"; echo \"$? $*\"; }
step start
fill
step ping
step status
step start
rm \"$BOOT_STATE_DIR/lock\"
fill
step stop
fill
step start
empty
step start
step stop --kill
if mkdir -p \"$3\"; then
    printf '%s\\n' \"printf '%0500000d' 0 >'$dir/full' 2>/dev/null; :\" >\"$3/post_configure\"
    step start
    rm -r \"$3\"
    step stop
fi
empty
step start
step stop
ls \"$BOOT_STATE_DIR\"
";

#[test]
fn a_full_disk_stops_no_stop_and_no_start_after_it() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).at("opt/demo").kit();
    let place = instance.base().join("small");
    fs::create_dir(&place).unwrap();
    let mut command = instance.command(Path::new("unshare"));
    command.args(["-m", "sh", "-c", SCRIPT, "sh"]).arg(&place).arg(instance.entry());
    command.arg(instance.path().join("plugins/fills"));
    let output = instance.finish(&mut command, "");
    if output.status == 99 || output.stderr.contains("unshare: ") {
        crate::support::tools::skipped("no mount");
        return;
    }
    let steps: Vec<_> =
        output.stdout.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_digit())).collect();
    let expected = [
        "0 start",
        "0 ping",
        "0 status",
        "0 start",
        "0 stop",  // full
        "1 start", // full, and told
        "0 start",
        "0 stop --kill", // empty
        "1 start",
        "0 stop", // full in the midst of it
        "0 start",
        "0 stop",
    ];
    assert_eq!(steps, expected, "{output}");
    assert_eq!(output.stderr.matches("No space left on device").count(), 3, "{output}");
    assert_eq!(output.stderr.matches("; going on without\n").count(), 1, "{output}");
    assert!(output.stdout.ends_with("cookie\nlock\nlog\npipe\nplace\nvm.args\n"), "{output}");
    assert_eq!(instance.vms(), [0; 0]);
}
