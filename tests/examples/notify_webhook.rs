//! hooks-examples/notify-webhook: against a real HTTP server that accepts, refuses, or does not answer.

use serde_json::{Value, json};

use super::{closed_port, example, install, run_with};
use crate::support::http::Server;
use crate::support::instance::Instance;
use crate::support::releases::rebar3;
use crate::support::tools::{need, shells};

#[test]
fn json_is_quoted_right_in_every_shell() {
    let text = "a \"b\" \\c\\ 'd' $(e) `f` *\n\t\r\u{1}\u{1b}\u{1f} é 日本 {}%s\\n";
    let script = format!(
        ". '{}'; notify_quote \"$1\"; printf '%s' \"$notify_quoted\"",
        example("notify-webhook/notify.sh").display()
    );
    for shell in shells() {
        let mut command = std::process::Command::new(shell[0]);
        command.args(&shell[1..]).args(["-c", &script, "sh", text]).env("LC_ALL", "C.UTF-8");
        let quoted = command.output().unwrap();
        let value: Value =
            serde_json::from_slice(&quoted.stdout).unwrap_or_else(|e| panic!("{shell:?}: {e}: {quoted:?}"));
        assert_eq!(value, json!(text), "{shell:?}");
    }
}

#[test]
fn a_webhook_that_does_not_work_is_reported_and_breaks_nothing() {
    let Some(raw) = rebar3() else { return };
    if !need(&["curl", "python3"]) {
        return;
    }
    let instance = Instance::of(raw).kit();
    install(&instance, "notify-webhook");
    let server = Server::start();
    let stop = |env: &[(&str, &str)]| {
        let output = run_with(&instance, env, &["stop"]);
        assert_eq!((output.status, output.stdout.as_str()), (0, ""), "{output}");
        let said = output.stderr.strip_prefix("demo is not running\n").map(str::to_owned);
        said.unwrap_or_else(|| panic!("{output}"))
    };
    assert_eq!(stop(&[]), "", "no URL, no post");
    let url = |path: &str| format!("http://127.0.0.1:{}{path}", server.port);
    assert_eq!(
        stop(&[("WEBHOOK_URL", &url("/500"))]),
        "warning: notify-webhook: \"stop\" was refused with HTTP status 500\n"
    );
    let slow = stop(&[("WEBHOOK_URL", &url("/slow")), ("WEBHOOK_TIMEOUT", "1")]);
    assert!(
        slow.ends_with("warning: notify-webhook: \"stop\" was not sent: no answer within 1 s\n"),
        "{slow}"
    );
    let refused = stop(&[("WEBHOOK_URL", &format!("http://127.0.0.1:{}/key", closed_port()))]);
    assert!(refused.ends_with("warning: notify-webhook: \"stop\" was not sent (curl: 7)\n"), "{refused}");
    assert!(!refused.contains("/key"), "the URL may be a secret: {refused}");
    let token = stop(&[("WEBHOOK_URL", &url("/ok")), ("WEBHOOK_TOKEN_FILE", "/none")]);
    assert_eq!(token, "warning: notify-webhook: nothing was sent: cannot read WEBHOOK_TOKEN_FILE=/none\n");
    let bare = stop(&[("WEBHOOK_URL", &url("/ok")), ("PATH", "/nonexistent")]);
    assert_eq!(bare, "warning: notify-webhook: \"stop\" was not sent: no curl\n");
    assert_eq!(stop(&[("WEBHOOK_URL", &url("/ok?a=\"b%20c\\"))]), "");
    assert_eq!(server.next()["path"], "/500");
    assert_eq!(server.next()["path"], "/slow");
    assert_eq!(server.next()["path"], "/ok?a=\"b%20c\\", "nothing of the URL is lost on its way to curl");
}
