//! The reader of Erlang terms beside OTP's own `file:consult/1`: what one takes and the other does not, over made
//! and mutated texts, in one VM of each OTP that is there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use relboot::consult::{Dialect, decode, read_all};

use crate::support::tools::need;

mod texts;

use texts::Numbers;

/// Reads texts from a file (each as its length in 4 bytes, and itself), consults each, writes 1 or 0 for each.
const PROGRAM: &str = r#"
    [In, Out] = init:get_plain_arguments(),
    {ok, All} = file:read_file(In),
    One = In ++ ".one",
    Ask = fun Ask(<<Size:32, Text:Size/binary, Rest/binary>>, Acc) ->
                  ok = file:write_file(One, Text),
                  %% A process of its own: a text that costs too much is refused, too.
                  {Pid, Ref} = spawn_opt(fun() ->
                          exit(try file:consult(One) of {ok, _} -> yes; _ -> no catch _:_ -> no end)
                      end, [monitor, {max_heap_size, #{size => 20000000, error_logger => false}}]),
                  Answer = receive {'DOWN', Ref, process, Pid, yes} -> $1; {'DOWN', Ref, _, _, _} -> $0 end,
                  Ask(Rest, [Answer | Acc]);
              Ask(<<>>, Acc) -> lists:reverse(Acc)
          end,
    ok = file:write_file(Out, Ask(All, [])), halt().
"#;

/// What OTP says of each text: whether it can be consulted. `run` goes before `erl`; its files are in `folder`, which
/// the VM knows as `inside`.
fn consulted(run: &[&str], folder: &Path, inside: &str, texts: &[Vec<u8>]) -> Vec<bool> {
    let mut all = Vec::new();
    for text in texts {
        all.extend(u32::try_from(text.len()).unwrap().to_be_bytes());
        all.extend(text);
    }
    fs::write(folder.join("in"), all).unwrap();
    let mut command = Command::new(run[0]);
    command.args(&run[1..]).args([
        "erl",
        "-noinput",
        "-boot",
        "no_dot_erlang",
        "+S",
        "1",
        "-eval",
        PROGRAM,
        "-extra",
    ]);
    let status = command.arg(format!("{inside}/in")).arg(format!("{inside}/out")).status().unwrap();
    assert!(status.success(), "{status}");
    fs::read(folder.join("out")).unwrap().into_iter().map(|byte| byte == b'1').collect()
}

/// What differs for a reason, and is left so.
fn is_known(text: &str) -> bool {
    // Beyond a float: OTP refuses to put such an integer into a float's field; ours does not know how large it is.
    text.contains("99999999") && text.contains("float")
}

fn compare(release: u32, run: &[&str], folder: &Path, inside: &str) {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15 ^ u64::from(release));
    let mut texts: Vec<Vec<u8>> = (0..3000).map(|_| numbers.text().into_bytes()).collect();
    texts.extend([
        b"%% coding: latin-1\n'\xe9'.".to_vec(),
        b"'\xe9'.".to_vec(),
        Vec::new(),
        b"\xef\xbb\xbfa.".to_vec(),
    ]);
    let theirs = consulted(run, folder, inside, &texts);
    assert_eq!(theirs.len(), texts.len());
    let ours = texts.iter().map(|text| decode(text).and_then(|text| read_all(&text, Dialect::of(release))));
    let mut wrong = Vec::new();
    let mut taken = 0;
    for ((text, theirs), ours) in texts.iter().zip(theirs).zip(ours) {
        taken += usize::from(theirs);
        let shown = String::from_utf8_lossy(text);
        if theirs != ours.is_ok() && !is_known(&shown) {
            wrong.push(format!(
                "{shown:?}: OTP {theirs}, here {:?}",
                ours.map(drop).map_err(|it| it.to_string())
            ));
        }
    }
    assert!(taken > 400, "only {taken} texts are terms: the comparison says little");
    assert!(wrong.is_empty(), "OTP {release}: {} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// The release of the OTP that is installed.
fn installed() -> u32 {
    let ask = "io:put_chars(erlang:system_info(otp_release)), halt().";
    let output =
        Command::new("erl").args(["-noinput", "-boot", "no_dot_erlang", "-eval", ask]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().parse().unwrap()
}

#[test]
fn what_consult_takes_is_taken_and_nothing_else() {
    if !need(&["erl"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    compare(installed(), &["env"], folder.path(), folder.path().to_str().unwrap());
}

#[test]
fn other_releases_of_otp_agree() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/otp-root.sh");
    for release in [23, 27, 29] {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("target/otp/{release}"));
        if !root.join("usr").is_dir() || !rustix::process::getuid().is_root() {
            crate::support::tools::skipped(&format!("no target/otp/{release}"));
            continue;
        }
        // Of this test only; its name is the same below the other root.
        let folder: PathBuf = tempfile::Builder::new().prefix("consult-").tempdir_in(&root).unwrap().keep();
        let inside = format!("/{}", folder.file_name().unwrap().to_str().unwrap());
        let run = ["sh", script.to_str().unwrap(), "run", root.to_str().unwrap()];
        let outcome = std::panic::catch_unwind(|| compare(release, &run, &folder, &inside));
        fs::remove_dir_all(&folder).unwrap();
        outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    }
}

#[test]
fn every_configuration_file_of_the_releases_here_is_read() {
    let mut files = Vec::new();
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("target");
    for folder in ["otp", "tmp"] {
        list(&target.join(folder), 0, &mut files);
    }
    for file in files {
        let bytes = fs::read(&file).unwrap();
        let read = decode(&bytes).and_then(|text| read_all(&text, Dialect::default()).map(drop));
        assert_eq!(read.map_err(|fault| fault.to_string()), Ok(()), "{}", file.display());
    }
}

fn list(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    // Other tests' instances come and go.
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_instance = entry.file_name().to_string_lossy().starts_with("instance-");
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) && depth < 9 && !is_instance {
            list(&path, depth + 1, files);
        } else if entry.file_name() == "sys.config" {
            files.push(path);
        }
    }
}
