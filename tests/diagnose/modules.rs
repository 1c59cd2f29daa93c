//! Releases that are not whole.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use flate2::read::GzDecoder;

use super::{Changed, beginning, dies_of, told, with_flags};
use crate::support::instance::Instance;
use crate::support::releases::rebar3;
use crate::support::tools::need;

#[test]
fn modules_and_boot_scripts() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    let lib = instance.path().join("lib");
    let beam = lib.join("demo-0.1.0/ebin/demo_server.beam");

    let gone = Changed::gone(beam.clone());
    dies_of(&instance, "module-missing", "the module demo_server of the boot script can't be found");
    drop(gone);
    let gone = Changed::gone(beginning(&lib, "stdlib-"));
    dies_of(&instance, "module-missing", "and 6 more");
    drop(gone);
    let broken = Changed::to(beam.clone(), b"garbage");
    dies_of(&instance, "module-damaged", "ROOT/lib/demo-0.1.0/ebin/demo_server.beam is damaged");
    drop(broken);

    // The highest instruction that it uses, in the third word of the chunk of code.
    let mut newer = Vec::new();
    GzDecoder::new(fs::File::open(&beam).unwrap()).read_to_end(&mut newer).unwrap();
    let code = newer.windows(4).position(|part| part == b"Code").expect("it has code");
    newer[code + 16..code + 20].copy_from_slice(&9999_u32.to_be_bytes());
    let other = Changed::to(beam.clone(), &newer);
    // The VM may be gone before it has written why; then it is told as the next one is.
    let mut output = instance.run(&["start"]);
    for _ in 0..10 {
        if output.stderr.contains(": module-of-other-otp)") {
            break;
        }
        told(&instance, &output, "module-not-loaded", "the module demo_server could not be loaded");
        output = instance.run(&["start"]);
    }
    told(&instance, &output, "module-of-other-otp", "demo_server.beam was compiled for another OTP");
    drop(other);
    let other = Changed::to(beam.clone(), &fs::read(beam.with_file_name("demo_sup.beam")).unwrap());
    dies_of(&instance, "module-not-loaded", "the module demo_server could not be loaded");
    drop(other);
    if need(&["setpriv"]) {
        let closed = Changed::to(beam.clone(), b"FOR1");
        fs::set_permissions(&beam, fs::Permissions::from_mode(0o000)).unwrap();
        let mut command = instance.command(Path::new("setpriv"));
        if rustix::process::getuid().is_root() {
            command.args([
                "--bounding-set=-dac_override,-dac_read_search",
                "--inh-caps=-dac_override,-dac_read_search",
            ]);
        }
        command.arg("--").arg(instance.entry()).arg("start");
        let output = instance.finish(&mut command, "");
        told(&instance, &output, "module-unreadable", "demo_server.beam can't be read by this user");
        drop(closed);
        let script = instance.path().join("releases/0.1.0/start.boot");
        let closed = Changed::to(script.clone(), b"");
        fs::set_permissions(&script, fs::Permissions::from_mode(0o000)).unwrap();
        let output = instance.finish(&mut command, "");
        told(&instance, &output, "boot-script-missing", "start.boot can't be read by this user");
        drop(closed);
    }

    let script = instance.path().join("releases/0.1.0/start.boot");
    let whole = fs::read(&script).unwrap();
    let broken = Changed::to(script, &whole[..100]);
    dies_of(&instance, "boot-script-damaged", "the boot script in ROOT/releases/0.1.0 is damaged");
    drop(broken);

    let called = with_flags(&instance, "-run lists nosuch");
    dies_of(&instance, "startup-function", "calls lists:nosuch/0, which does not exist");
    drop(called);
    let called = with_flags(&instance, "-eval error(boom)");
    dies_of(&instance, "startup-function", "has failed: boom");
    drop(called);
    let wrong = with_flags(&instance, "-demo key {a");
    let stderr = dies_of(
        &instance,
        "parameter",
        "the value \"{a\" is no Erlang term, and was to be a parameter of demo",
    );
    assert!(stderr.contains("\nhelp: correct what follows -demo in vm.args"), "{stderr}");
    drop(wrong);
    let wrong = with_flags(&instance, "-config nosuch");
    dies_of(&instance, "config-file", "nosuch.config\" (none): configuration file not found");
    drop(wrong);
    assert_eq!(instance.said(&["start"]), "0\n", "and whole it starts");
}
