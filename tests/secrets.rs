//! Secrets of templates: where `secret()` finds them, that the node has them, and that no process's arguments, no
//! output and no file that others can read show them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::instance::Instance;
use crate::support::process::command_lines;
use crate::support::releases::{Raw, mix, rebar3};

const MARK: &str = "open_sesame_4";

/// With a quote and a space: it has to be one word all the way.
const TOKEN: &str = "it's \"open_sesame_4\" # $HOME \\";

const TEMPLATE: &str = "-sname demo\n-setcookie {{ secret('NODE_COOKIE') }}\n\
    -env TOKEN {{ secret('API_TOKEN') | arg }}\n-env PLAIN {{ file(env.PLAIN_FILE) | arg }}\n";

/// A release whose template has secrets, and a variable that names the file of one.
fn with_secrets(raw: &'static Raw) -> Instance {
    let mut instance = Instance::of(raw).plain();
    let base = instance.base().to_path_buf();
    fs::create_dir_all(base.join("rel")).unwrap();
    fs::write(base.join("rel/vm.args.j2"), TEMPLATE).unwrap();
    fs::write(base.join("token"), format!("{TOKEN}\n")).unwrap();
    fs::create_dir(base.join("credentials")).unwrap();
    fs::write(base.join("credentials/NODE_COOKIE"), format!("{MARK}_cookie")).unwrap();
    fs::write(base.join("plain"), "as it is").unwrap();
    instance.set("API_TOKEN_FILE", base.join("token").to_str().unwrap());
    instance.set("CREDENTIALS_DIRECTORY", base.join("credentials").to_str().unwrap());
    instance.set("PLAIN_FILE", base.join("plain").to_str().unwrap());
    instance.generate(&[]).ok();
    instance
}

/// Runs commands, and looks all the while; what they printed.
#[track_caller]
fn watched(instance: &Instance, commands: &[&[&str]]) -> Vec<String> {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let (mut rounds, mut found) = (0, Vec::new());
            while found.is_empty() && !done.load(Ordering::Relaxed) {
                found = command_lines(MARK);
                rounds += 1;
            }
            (rounds, found)
        });
        let outputs: Vec<_> = commands.iter().map(|args| instance.run(args)).collect();
        done.store(true, Ordering::Relaxed);
        let (rounds, found) = watch.join().unwrap();
        assert!(rounds > 10, "looked only {rounds} times");
        assert_eq!(found, [""; 0]);
        for output in &outputs {
            assert!(output.status == 0 && !output.to_string().contains(MARK), "{output}");
        }
        outputs.into_iter().map(|output| output.stdout).collect()
    })
}

/// The files with a secret in them are private.
fn private(directory: &Path) {
    for entry in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            private(&entry);
        } else if entry.is_file() && String::from_utf8_lossy(&fs::read(&entry).unwrap()).contains(MARK) {
            let mode = entry.metadata().unwrap().permissions().mode() & 0o077;
            assert_eq!(mode, 0, "{}", entry.display());
        }
    }
}

#[test]
fn the_node_has_them_and_nobody_else_sees_them() {
    for raw in [rebar3(), mix()].into_iter().flatten() {
        let instance = with_secrets(raw);
        let hash = "erlang:phash2(os:getenv(\"TOKEN\")).";
        let printed = format!("io:format(\"~p~n\", [{}]).", hash.trim_end_matches('.'));
        let script = instance.base().join("wait.escript");
        fs::write(&script, "#!/usr/bin/env escript\nmain(_) -> timer:sleep(100), io:format(\"~p~n\", [erlang:phash2(os:getenv(\"TOKEN\"))]).\n").unwrap();
        // What hooks and what they call see; a cookie in the environment is how mix releases know it.
        let plugin = instance.path().join("plugins/10-look");
        fs::create_dir_all(&plugin).unwrap();
        fs::write(plugin.join("post_eval"), "env | grep -v ^RELEASE_COOKIE= >&2\n").unwrap();
        fs::write(plugin.join("post_configure"), "env | grep -v ^RELEASE_COOKIE= >&2\n").unwrap();
        let said = watched(
            &instance,
            &[
                &["start"],
                &["rpc", "--erlang", hash],
                &["eval", "--erlang", &printed],
                &["escript", script.to_str().unwrap()],
                &["vmargs"],
                &["rpc", "--erlang", "os:getenv(\"PLAIN\")."],
                &["status"],
                &["restart"],
            ],
        );
        let hash = instance.run(&["rpc", "--erlang", &format!("erlang:phash2({TOKEN:?}).")]).ok();
        assert_eq!(said[1..4], [hash.clone(), hash.clone(), hash], "{said:?}");
        assert!(said[4].contains("\n-env TOKEN <secret>\n-env PLAIN 'as it is'\n"), "{}", said[4]);
        assert_eq!(said[5], "\"as it is\"\n");
        private(instance.path());
        // Behind this hook another shell goes on.
        fs::write(plugin.join("post_configure"), "env | grep -v ^RELEASE_COOKIE= >&2; exit 1\n").unwrap();
        fs::create_dir_all(instance.path().join("plugins/20-look")).unwrap();
        fs::copy(plugin.join("post_eval"), instance.path().join("plugins/20-look/post_configure")).unwrap();
        let output = instance.run(&["eval", "--erlang", &printed]);
        assert_eq!((output.status, &output.stdout), (6, &said[2]), "{output}");
        assert!(!output.stderr.contains(MARK), "{output}");
        watched(&instance, &[&["stop"]]);
    }
}

#[test]
fn what_would_be_seen_is_refused_before_anything_starts() {
    let Some(raw) = rebar3() else { return };
    let mut instance = with_secrets(raw);
    let template = instance.path().join("releases/0.1.0/vm.args.j2");
    let told = |instance: &Instance, text: &str| {
        fs::write(&template, text).unwrap();
        let said = instance.said(&["start"]);
        assert!(!said.contains(MARK), "{said}");
        said
    };
    let said = told(&instance, "-sname demo\n-demo token {{ secret('API_TOKEN') | arg }}\n");
    insta::assert_snapshot!(said, @r"
    1
    ! error: releases/0.1.0/vm.args.j2:2: a secret as value of -demo would be seen in the arguments of the node
    !   2 | -demo token {{ secret('API_TOKEN') | arg }}
    !     |                ^^^^^^^^^^^^^^^^^^^
    ! help: a template of sys.config may hold it, vm.args only as `-env NAME VALUE` or as the cookie
    ");
    // A file in the directory of credentials is one too.
    let text = "-sname demo\n-extra {{ file(env.CREDENTIALS_DIRECTORY ~ '/NODE_COOKIE') }}";
    insta::assert_snapshot!(told(&instance, text), @r"
    1
    ! error: releases/0.1.0/vm.args.j2:2: a secret as value of -extra would be seen in the arguments of the node
    !   2 | -extra {{ file(env.CREDENTIALS_DIRECTORY ~ '/NODE_COOKIE') }}
    !     |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    ! help: a template of sys.config may hold it, vm.args only as `-env NAME VALUE` or as the cookie
    ");
    insta::assert_snapshot!(told(&instance, "-a {{ secret('../token') }}"), @r#"
    1
    ! error: releases/0.1.0/vm.args.j2:1: secret('../token'): this is no name of a secret
    !   1 | -a {{ secret('../token') }}
    !     |       ^^^^^^^^^^^^^^^^^^
    ! help: a name has no / and no ..; file("/path") reads any file
    "#);
    insta::assert_snapshot!(told(&instance, "-a {{ secret('NONE') }}"), @r"
    1
    ! error: releases/0.1.0/vm.args.j2:1: secret('NONE'): there is no such secret
    !   1 | -a {{ secret('NONE') }}
    !     |       ^^^^^^^^^^^^^^
    ! help: give it as $CREDENTIALS_DIRECTORY/NAME, /run/secrets/NAME, the file that NAME_FILE names, or the variable NAME
    ");
    instance.set("NONE_FILE", "/nowhere/none");
    insta::assert_snapshot!(told(&instance, "-a {{ secret('NONE') }}"), @r"
    1
    ! error: releases/0.1.0/vm.args.j2:1: secret('NONE'): cannot read the file: No such file or directory (os error 2)
    !   1 | -a {{ secret('NONE') }}
    !     |       ^^^^^^^^^^^^^^
    ");
    insta::assert_snapshot!(told(&instance, "-a {{ file('/dev/zero') }}"), @r"
    1
    ! error: releases/0.1.0/vm.args.j2:1: file('/dev/zero'): this is no regular file
    !   1 | -a {{ file('/dev/zero') }}
    !     |       ^^^^^^^^^^^^^^^^^
    ");
    assert_eq!(instance.vms(), [0; 0]);
    assert!(!instance.path().join("tmp").exists());
}
