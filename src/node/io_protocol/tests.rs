//! Tests of the I/O protocol without a node.

use super::{Io, Job, Progress};
use crate::node::term::Term;

fn tuple(parts: impl IntoIterator<Item = Term>) -> Term {
    Term::Tuple(parts.into_iter().collect())
}

fn atom(name: &str) -> Term {
    Term::atom(name)
}

fn job(request: Term) -> Job {
    Job::new(tuple([atom("io_request"), atom("from"), atom("tag"), request])).unwrap()
}

/// Output, which is text, and reply of a request that needs nobody's help.
fn serve(request: Term) -> (String, String) {
    let (out, reply) = serve_bytes(request);
    (String::from_utf8(out).unwrap(), reply)
}

fn serve_bytes(request: Term) -> (Vec<u8>, String) {
    let mut out = Vec::new();
    let text = match job(request).advance(&mut out).unwrap() {
        Progress::Reply { to, message } => {
            assert_eq!(to, atom("from"));
            let text = message.to_string();
            text.strip_prefix("{io_reply,tag,").and_then(|t| t.strip_suffix('}')).unwrap().to_owned()
        }
        other => panic!("{other:?}"),
    };
    (out, text)
}

fn put(encoding: &str, data: Term) -> Term {
    tuple([atom("put_chars"), atom(encoding), data])
}

#[test]
fn text_becomes_utf8_and_latin1_stays_bytes() {
    let ok = |text: &str| (text.to_owned(), "ok".to_owned());
    assert_eq!(serve(put("unicode", Term::binary("é"))), ok("é"));
    assert_eq!(serve(put("unicode", Term::string("日é"))), ok("日é"));
    let raw = |bytes: &[u8]| (bytes.to_vec(), "ok".to_owned());
    assert_eq!(serve_bytes(put("latin1", Term::binary(vec![0, 0xe9, 0xff]))), raw(b"\0\xe9\xff"));
    assert_eq!(serve_bytes(put("latin1", Term::string("é"))), raw(b"\xe9"));
    assert_eq!(serve_bytes(tuple([atom("put_chars"), Term::List(vec![Term::Int(0xe9)])])), raw(b"\xe9"));
    assert_eq!(serve(put("latin1", Term::string("日"))).1, "{error,{put_chars,latin1,[26085]}}");
}

#[test]
fn deep_and_improper_lists_and_cut_characters_are_text() {
    let mut data = Term::string("x");
    for _ in 0..300 {
        data = Term::ImproperList(vec![data, Term::Int(97)], Box::new(Term::binary("b")));
    }
    assert_eq!(serve(put("unicode", data)).0, format!("x{}", "ab".repeat(300)));
    let cut = Term::List(vec![Term::binary(vec![0xc3]), Term::binary(vec![0xa9])]);
    assert_eq!(serve(put("unicode", cut)).0, "é");
}

#[test]
fn what_is_no_text_is_answered_with_an_error() {
    let reply = |data| serve(put("unicode", data));
    assert_eq!(
        reply(Term::binary(vec![0xff])),
        (String::new(), "{error,{put_chars,unicode,<<\"ÿ\">>}}".into())
    );
    assert_eq!(reply(atom("a")).1, "{error,{put_chars,unicode,a}}");
    assert_eq!(reply(Term::Int(0xd800)).1, "{error,{put_chars,unicode,55296}}");
}

#[test]
fn questions_have_answers() {
    let cases = [
        (atom("getopts"), "[{binary,false},{encoding,unicode}]"),
        (tuple([atom("setopts"), Term::List(Vec::new())]), "ok"),
        (tuple([atom("get_geometry"), atom("columns")]), "{error,enotsup}"),
        (tuple([atom("get_line"), atom("unicode"), Term::string(">")]), "eof"),
        (tuple([atom("get_line"), Term::string(">")]), "eof"),
        (tuple([atom("get_chars"), atom("unicode"), Term::string(">"), Term::Int(1)]), "eof"),
        (tuple([atom("get_password"), atom("unicode")]), "eof"),
        (atom("nonsense"), "{error,request}"),
        (Term::Int(1), "{error,request}"),
        (put("utf16", Term::binary("x")), "{error,request}"),
        (tuple([atom("put_chars")]), "{error,request}"),
    ];
    for (request, reply) in cases {
        assert_eq!(serve(request), (String::new(), reply.into()));
    }
}

#[test]
fn many_requests_run_in_order_until_one_fails() {
    let many = |requests: Vec<Term>| serve(tuple([atom("requests"), Term::List(requests)]));
    let text = |t: &str| put("unicode", Term::binary(t));
    let nested = tuple([atom("requests"), Term::List(vec![text("b"), text("c")])]);
    assert_eq!(many(vec![text("a"), nested, text("d")]), ("abcd".into(), "ok".into()));
    let (out, reply) = many(vec![text("a"), atom("nonsense"), text("b")]);
    assert_eq!((out.as_str(), reply.as_str()), ("a", "{error,request}"));
}

#[test]
fn functions_are_asked_for_and_their_text_written() {
    let format = tuple([
        atom("put_chars"),
        atom("unicode"),
        atom("io_lib"),
        atom("format"),
        Term::List(vec![Term::string("~p")]),
    ]);
    let mut many =
        job(tuple([atom("requests"), Term::List(vec![format.clone(), put("unicode", Term::binary("."))])]));
    let mut out = Vec::new();
    let asked = many.advance(&mut out).unwrap();
    let args = vec![Term::string("~p")];
    assert_eq!(asked, Progress::Ask { module: "io_lib".into(), function: "format".into(), args });
    let done = many.formatted(Some(Term::string("42")), &mut out).unwrap();
    assert!(matches!(done, Progress::Reply { message, .. } if message.to_string() == "{io_reply,tag,ok}"));
    assert_eq!(out, b"42.");

    let mut failing = job(format);
    failing.advance(&mut out).unwrap();
    let done = failing.formatted(None, &mut out).unwrap();
    assert!(matches!(done, Progress::Reply { message, .. } if message.to_string().contains("error")));
}

#[test]
fn a_full_sink_ends_the_job_and_other_messages_are_no_jobs() {
    struct Full;
    impl Io for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<()> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
    }
    assert!(job(put("unicode", Term::binary("x"))).advance(&mut Full).is_err());
    assert_eq!(Job::new(atom("hello")).unwrap_err(), atom("hello"));
}
