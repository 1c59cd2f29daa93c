//! Tests of the codec and the printer that need no node; the others are with the live tests.

use super::decode::{MAX_DEPTH, MAX_PARTS};
use super::{BigInt, Export, Inspected, Json, Pid, Port, Reference, Term, TermError};

fn samples() -> Vec<(Term, &'static str)> {
    let node = || String::from("n@h");
    vec![
        (Term::Int(0), "0"),
        (Term::Int(-1), "-1"),
        (Term::Int(256), "256"),
        (Term::Int(i64::from(i32::MIN)), "-2147483648"),
        (Term::Int(i64::MAX), "9223372036854775807"),
        (Term::Int(i64::MIN), "-9223372036854775808"),
        (Term::Big(BigInt { negative: true, magnitude: vec![0xff; 9] }), "-4722366482869645213695"),
        (Term::Float(100.0), "100.0"),
        (Term::Float(-0.0), "-0.0"),
        (Term::Float(1.0e22), "1.0e22"),
        (Term::atom("ok"), "ok"),
        (Term::atom("Foo bar"), "'Foo bar'"),
        (Term::atom("it's\n"), r"'it\'s\n'"),
        (Term::atom("when"), "'when'"),
        (Term::atom(""), "''"),
        (Term::atom("日本"), "'日本'"),
        (Term::Pid(Box::new(Pid { node: node(), id: 9, serial: 1, creation: 7 })), "<0.9.1>"),
        (Term::Port(Box::new(Port { node: node(), id: 5, creation: 7 })), "#Port<0.5>"),
        (Term::Port(Box::new(Port { node: node(), id: 1 << 40, creation: 7 })), "#Port<0.1099511627776>"),
        (
            Term::Reference(Box::new(Reference { node: node(), creation: 7, ids: vec![1, 2, 3] })),
            "#Ref<0.3.2.1>",
        ),
        (
            Term::Export(Box::new(Export { module: "lists".into(), function: "map".into(), arity: 2 })),
            "fun lists:map/2",
        ),
        (Term::Tuple(vec![Term::atom("a"), Term::Tuple(Vec::new())]), "{a,{}}"),
        (Term::List(Vec::new()), "[]"),
        (Term::string("say \"hi\"\n"), r#""say \"hi\"\n""#),
        (Term::List(vec![Term::Int(7), Term::Int(300)]), "[7,300]"),
        (Term::ImproperList(vec![Term::Int(1)], Box::new(Term::atom("b"))), "[1|b]"),
        (Term::binary("é"), "<<\"é\"/utf8>>"),
        (Term::binary(vec![1, 255]), "<<1,255>>"),
        (Term::binary(""), "<<>>"),
        (Term::BitBinary { bytes: vec![1, 0b1010_0000], last_bits: 3 }, "<<1,5:3>>"),
        (Term::Map(vec![(Term::atom("k"), Term::binary("v"))]), "#{k => <<\"v\">>}"),
        (Term::Tuple(vec![Term::Int(1); 300]), ""),
    ]
}

fn bytes(term: &Term) -> Vec<u8> {
    let mut out = Vec::new();
    term.encode(&mut out).unwrap();
    out
}

#[test]
fn what_is_encoded_decodes_to_the_same() {
    for (term, _) in samples() {
        assert_eq!(Term::decode(&bytes(&term)), Ok(term));
    }
}

#[test]
fn terms_are_printed_as_erlang_prints_them() {
    for (term, text) in samples().into_iter().filter(|(_, text)| !text.is_empty()) {
        assert_eq!(term.to_string(), text);
    }
}

#[test]
fn old_forms_are_read() {
    let float = [b"\x83c1.50000000000000000000e+00".as_slice(), &[0; 5]].concat();
    let cases: [(&[u8], Term); 7] = [
        (&float, Term::Float(1.5)),
        (b"\x83d\x00\x02\xe9a", Term::atom("éa")),
        (b"\x83s\x01\xe9", Term::atom("é")),
        (b"\x83k\x00\x02ab", Term::string("ab")),
        (
            b"\x83gw\x01n\0\0\0\x01\0\0\0\x02\x03",
            Term::Pid(Box::new(Pid { node: "n".into(), id: 1, serial: 2, creation: 3 })),
        ),
        (
            b"\x83r\0\x01w\x01n\x03\0\0\0\x09",
            Term::Reference(Box::new(Reference { node: "n".into(), creation: 3, ids: vec![9] })),
        ),
        (b"\x83l\0\0\0\x01a\x01k\0\x01a", Term::List(vec![Term::Int(1), Term::Int(97)])),
    ];
    for (bytes, term) in cases {
        assert_eq!(Term::decode(bytes), Ok(term), "{bytes:?}");
    }
}

#[test]
fn every_torn_prefix_and_every_flipped_byte_is_survived() {
    for (term, _) in samples() {
        let whole = bytes(&term);
        for end in 0..whole.len() {
            assert!(Term::decode(&whole[..end]).is_err(), "{term} cut at {end}");
        }
        for position in 0..whole.len().min(64) {
            for value in [0, 1, 0x7f, 0xff, 97, 104, 105, 108, 112, 116] {
                let mut broken = whole.clone();
                broken[position] = value;
                if let Ok(other) = Term::decode(&broken) {
                    assert_eq!(Term::decode(&bytes(&other)), Ok(other));
                }
            }
        }
    }
}

#[test]
fn sizes_that_lie_are_refused_before_memory_is_taken() {
    for tag in [b'i', b'l', b't', b'm', b'o', b'p', b'M'] {
        let claim = [131, tag, 0xff, 0xff, 0xff, 0xff, 0, 0];
        assert_eq!(Term::decode(&claim), Err(TermError::Torn), "tag {tag}");
    }
}

#[test]
fn depth_has_a_limit_and_below_it_works() {
    let nested = |depth: usize| [&[131][..], &[b'h', 1].repeat(depth), b"a\x00"].concat();
    let deep = Term::decode(&nested(MAX_DEPTH)).unwrap();
    assert_eq!(deep.clone(), deep);
    assert_eq!(deep.to_string().len(), 2 * MAX_DEPTH + 1);
    assert_eq!(Json::new(&deep, true).to_string().len(), 2 * MAX_DEPTH + 1);
    assert_eq!(Inspected(&deep).to_string(), deep.to_string());
    assert_eq!(bytes(&deep), nested(MAX_DEPTH));
    assert_eq!(Term::decode(&nested(MAX_DEPTH + 1)), Err(TermError::Depth(MAX_DEPTH)));
    assert_eq!(Term::decode(&nested(5_000_000)), Err(TermError::Depth(MAX_DEPTH)));
}

#[test]
fn many_parts_have_a_limit_and_tails_are_one_list() {
    let nils = [b"\x83i\0\xa0\0\0".as_slice(), &[b'j'; 0xa0_0000]].concat();
    assert_eq!(Term::decode(&nils), Err(TermError::Parts(MAX_PARTS)));
    let strings =
        [b"\x83i\0\0\0\xff".as_slice(), &[b"k\xff\xff".as_slice(), &[1; 0xffff]].concat().repeat(255)]
            .concat();
    assert_eq!(Term::decode(&strings), Err(TermError::Parts(MAX_PARTS)));
    let tails = |last: &[u8]| [&[131][..], &b"l\0\0\0\x01a\x07".repeat(10_000), last].concat();
    assert_eq!(Term::decode(&tails(b"j")), Ok(Term::List(vec![Term::Int(7); 10_000])));
    let improper = Term::ImproperList(vec![Term::Int(7); 10_000], Box::new(Term::atom("a")));
    assert_eq!(Term::decode(&tails(b"w\x01a")), Ok(improper));
    assert_eq!(Term::decode(&tails(b"k\0\x01\x07")), Ok(Term::List(vec![Term::Int(7); 10_001])));
    let long = [b"\x83v\x01\x2c".as_slice(), &[b'a'; 300]].concat();
    assert!(matches!(Term::decode(&long), Err(TermError::LongAtom(_))));
}

#[test]
fn wrong_texts_and_atoms_have_names() {
    assert_eq!(Term::decode(b"\x82a\x01"), Err(TermError::Version(0x82)));
    assert_eq!(Term::decode(b"\x83P\0\0\0\0"), Err(TermError::Tag(b'P')));
    assert_eq!(Term::decode(b"\x83a\x01a"), Err(TermError::Trailing(1)));
    assert!(matches!(Term::decode(b"\x83w\x01\xff"), Err(TermError::Malformed(_))));
    let error = Term::atom("x".repeat(256)).encode(&mut Vec::new()).unwrap_err();
    assert!(error.to_string().contains("more than 255 characters"), "{error}");
    assert!(Term::atom("é".repeat(255)).encode(&mut Vec::new()).is_ok());
}

#[test]
fn huge_integers_print_in_base_16() {
    let huge = Term::Big(BigInt { negative: false, magnitude: vec![0xab; 100_000] });
    assert!(huge.to_string().starts_with("16#ABAB"));
}

#[test]
fn text_is_taken_from_strings_binaries_and_atoms() {
    assert_eq!(Term::string("4711").as_text().as_deref(), Some("4711"));
    assert_eq!(Term::binary("é").as_text().as_deref(), Some("é"));
    assert_eq!(Term::atom("x").as_text().as_deref(), Some("x"));
    assert_eq!(Term::Int(1).as_text(), None);
    assert_eq!(Term::List(vec![Term::Int(-1)]).as_text(), None);
}
