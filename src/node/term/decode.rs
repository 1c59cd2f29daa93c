//! Bytes to terms. Input is hostile until proven otherwise: nothing here panics, recurses, or
//! reserves more memory than the bytes that are really there can fill.

use super::{BigInt, Export, Pid, Port, Reference, Term, TermError};

/// How many terms may be inside each other. Dropping, comparing and printing a term recurse,
/// and at this depth they still fit the smallest stack in use (2 MiB, unoptimised).
pub(super) const MAX_DEPTH: usize = 512;

/// How many terms may be in one, at every depth together; each character of a string is one. A byte
/// of input can become a term of 32 bytes, 80 where it is a tuple of its own, and this many of them
/// take 640 MiB at the worst.
pub(super) const MAX_PARTS: usize = 8 * 1024 * 1024;

pub(super) fn term(bytes: &[u8]) -> Result<(Term, usize), TermError> {
    let mut reader = Reader::new(bytes, 0);
    match reader.u8()? {
        131 => Ok((nested(&mut reader)?, reader.at)),
        other => Err(TermError::Version(other)),
    }
}

/// Module, old index and old unique number of a fun as [`Term::Fun`] keeps it: what its printed
/// form shows.
pub(super) fn fun_identity(bytes: &[u8]) -> Option<(String, i64, i64)> {
    // Before the module: tag, size, arity, unique, index, number of free variables.
    let mut reader = Reader::new(bytes, 1 + 4 + 1 + 16 + 4 + 4);
    let module = reader.atom().ok()?;
    let index = nested(&mut reader).ok()?.as_int()?;
    let unique = nested(&mut reader).ok()?.as_int()?;
    Some((module, index, unique))
}

/// What a tag turned out to be: a whole term, or the start of one with others inside.
enum Start {
    Whole(Term),
    Open(Frame),
}

/// A term whose parts are still being read.
struct Frame {
    kind: Kind,
    missing: u64,
    parts: Vec<Term>,
}

enum Kind {
    Tuple,
    /// The tail counts as one more part.
    List,
    /// Keys and values by turns.
    Map,
}

impl Frame {
    /// Whether `tail` goes on with the list that this is. As a part of its own each of many tails
    /// would be moved into the list before it, again and again.
    fn continues(&self, tail: &Self) -> bool {
        matches!((&self.kind, &tail.kind), (Kind::List, Kind::List)) && self.missing == 1
    }

    fn finish(self) -> Term {
        let mut parts = self.parts;
        match self.kind {
            Kind::Tuple => Term::Tuple(parts),
            Kind::List => close_list(parts),
            Kind::Map => {
                let mut pairs = Vec::with_capacity(parts.len() / 2);
                let mut rest = parts.drain(..);
                while let (Some(key), Some(value)) = (rest.next(), rest.next()) {
                    pairs.push((key, value));
                }
                Term::Map(pairs)
            }
        }
    }
}

fn close_list(mut parts: Vec<Term>) -> Term {
    match parts.pop() {
        None => Term::List(parts),
        Some(tail) if parts.is_empty() => tail,
        Some(Term::List(rest)) => {
            parts.extend(rest);
            Term::List(parts)
        }
        Some(tail) => Term::ImproperList(parts, Box::new(tail)),
    }
}

/// One term with everything inside it; keeps its own stack, so that depth costs heap.
fn nested(reader: &mut Reader<'_>) -> Result<Term, TermError> {
    let mut stack: Vec<Frame> = Vec::new();
    loop {
        let mut done = match start(reader)? {
            Start::Open(frame) if frame.missing > 0 => {
                if let Some(top) = stack.last_mut()
                    && top.continues(&frame)
                {
                    top.missing = frame.missing;
                    continue;
                }
                if stack.len() >= MAX_DEPTH {
                    return Err(TermError::Depth(MAX_DEPTH));
                }
                stack.push(frame);
                continue;
            }
            Start::Open(frame) => frame.finish(),
            Start::Whole(term) => term,
        };
        loop {
            let Some(mut top) = stack.pop() else { return Ok(done) };
            top.parts.push(done);
            top.missing -= 1;
            if top.missing > 0 {
                stack.push(top);
                break;
            }
            done = top.finish();
        }
    }
}

fn start(reader: &mut Reader<'_>) -> Result<Start, TermError> {
    let tag_at = reader.at;
    reader.count(1)?;
    let whole = match reader.u8()? {
        97 => Term::Int(i64::from(reader.u8()?)),
        98 => Term::Int(i64::from(reader.u32()?.cast_signed())),
        99 => Term::Float(text_float(reader.take(31)?)?),
        70 => Term::Float(finite(f64::from_bits(reader.u64()?))?),
        110 => {
            let size = u32::from(reader.u8()?);
            big(reader, size)?
        }
        111 => {
            let size = reader.u32()?;
            big(reader, size)?
        }
        tag @ (100 | 115 | 118 | 119) => Term::Atom(reader.atom_body(tag)?),
        tag @ (88 | 103) => Term::Pid(Box::new(pid(reader, tag)?)),
        tag @ (89 | 102 | 120) => Term::Port(Box::new(port(reader, tag)?)),
        tag @ (90 | 101 | 114) => Term::Reference(Box::new(reference(reader, tag)?)),
        tag @ (104 | 105 | 108 | 116) => return open(reader, tag),
        106 => Term::List(Vec::new()),
        107 => {
            let size = u32::from(reader.u16()?);
            reader.count(size as usize)?;
            Term::List(reader.take(size)?.iter().map(|byte| Term::Int(i64::from(*byte))).collect())
        }
        109 => {
            let size = reader.u32()?;
            Term::Binary(reader.take(size)?.to_vec())
        }
        77 => bit_binary(reader)?,
        112 => fun(reader, tag_at)?,
        113 => Term::Export(Box::new(export(reader)?)),
        tag => return Err(TermError::Tag(tag)),
    };
    Ok(Start::Whole(whole))
}

/// The start of a tuple, a list with elements, or a map.
///
/// Each part takes at least one byte: a count beyond the bytes left is a lie, told before any
/// memory is reserved.
fn open(reader: &mut Reader<'_>, tag: u8) -> Result<Start, TermError> {
    let count = if tag == 104 { u64::from(reader.u8()?) } else { u64::from(reader.u32()?) };
    let (kind, missing) = match tag {
        108 => (Kind::List, count + 1),
        116 => (Kind::Map, count * 2),
        _ => (Kind::Tuple, count),
    };
    if missing > reader.left() as u64 {
        return Err(TermError::Torn);
    }
    // The parts may themselves claim the same bytes, at each level anew; so reserve little and
    // let the vector grow with what arrives.
    let parts = Vec::with_capacity(missing.min(16) as usize);
    Ok(Start::Open(Frame { kind, missing, parts }))
}

fn finite(value: f64) -> Result<f64, TermError> {
    if value.is_finite() { Ok(value) } else { Err(TermError::Malformed("float is not finite")) }
}

fn text_float(bytes: &[u8]) -> Result<f64, TermError> {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let text = std::str::from_utf8(&bytes[..end]).map_err(|_| TermError::Malformed("float"))?;
    finite(text.trim().parse().map_err(|_| TermError::Malformed("float"))?)
}

fn big(reader: &mut Reader<'_>, size: u32) -> Result<Term, TermError> {
    let negative = reader.u8()? != 0;
    let bytes = reader.take(size)?;
    let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let magnitude = &bytes[..used];
    if used <= 8 {
        let mut word = [0; 8];
        word[..used].copy_from_slice(magnitude);
        let value = i128::from(u64::from_le_bytes(word));
        if let Ok(small) = i64::try_from(if negative { -value } else { value }) {
            return Ok(Term::Int(small));
        }
    }
    Ok(Term::Big(BigInt { negative, magnitude: magnitude.to_vec() }))
}

fn pid(reader: &mut Reader<'_>, tag: u8) -> Result<Pid, TermError> {
    let node = reader.atom()?;
    let (id, serial) = (reader.u32()?, reader.u32()?);
    let creation = reader.creation(tag == 88)?;
    Ok(Pid { node, id, serial, creation })
}

fn port(reader: &mut Reader<'_>, tag: u8) -> Result<Port, TermError> {
    let node = reader.atom()?;
    let id = if tag == 120 { reader.u64()? } else { u64::from(reader.u32()?) };
    let creation = reader.creation(tag != 102)?;
    Ok(Port { node, id, creation })
}

fn reference(reader: &mut Reader<'_>, tag: u8) -> Result<Reference, TermError> {
    if tag == 101 {
        let node = reader.atom()?;
        let ids = vec![reader.u32()?];
        return Ok(Reference { node, creation: reader.creation(false)?, ids });
    }
    let count = reader.u16()?;
    if !(1..=5).contains(&count) {
        return Err(TermError::Malformed("reference with no or too many numbers"));
    }
    let node = reader.atom()?;
    let creation = reader.creation(tag == 90)?;
    let ids = (0..count).map(|_| reader.u32()).collect::<Result<_, _>>()?;
    Ok(Reference { node, creation, ids })
}

fn bit_binary(reader: &mut Reader<'_>) -> Result<Term, TermError> {
    let size = reader.u32()?;
    let last_bits = reader.u8()?;
    let bytes = reader.take(size)?.to_vec();
    match last_bits {
        8 => Ok(Term::Binary(bytes)),
        1..=7 if !bytes.is_empty() => Ok(Term::BitBinary { bytes, last_bits }),
        _ => Err(TermError::Malformed("bit string with an impossible number of bits")),
    }
}

fn fun(reader: &mut Reader<'_>, tag_at: usize) -> Result<Term, TermError> {
    // The size counts its own four bytes but not the tag.
    let size = reader.u32()?;
    reader.take(size.checked_sub(4).ok_or(TermError::Malformed("size of a fun"))?)?;
    Ok(Term::Fun(reader.bytes[tag_at..reader.at].to_vec()))
}

fn export(reader: &mut Reader<'_>) -> Result<Export, TermError> {
    let (module, function) = (reader.atom()?, reader.atom()?);
    match reader.u8()? {
        97 => Ok(Export { module, function, arity: reader.u8()? }),
        tag => Err(TermError::Tag(tag)),
    }
}

/// A place in the bytes; each read checks that they are there.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    /// How many terms may still come.
    parts: usize,
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at, parts: MAX_PARTS }
    }

    fn count(&mut self, parts: usize) -> Result<(), TermError> {
        self.parts = self.parts.checked_sub(parts).ok_or(TermError::Parts(MAX_PARTS))?;
        Ok(())
    }

    fn left(&self) -> usize {
        self.bytes.len().saturating_sub(self.at)
    }

    fn take(&mut self, size: u32) -> Result<&'a [u8], TermError> {
        let end = usize::try_from(size).ok().and_then(|size| self.at.checked_add(size));
        let end = end.ok_or(TermError::Torn)?;
        let taken = self.bytes.get(self.at..end).ok_or(TermError::Torn)?;
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], TermError> {
        let found = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk());
        let array = *found.ok_or(TermError::Torn)?;
        self.at += N;
        Ok(array)
    }

    fn u8(&mut self) -> Result<u8, TermError> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn u16(&mut self) -> Result<u16, TermError> {
        self.array().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Result<u32, TermError> {
        self.array().map(u32::from_be_bytes)
    }

    fn u64(&mut self) -> Result<u64, TermError> {
        self.array().map(u64::from_be_bytes)
    }

    fn creation(&mut self, wide: bool) -> Result<u32, TermError> {
        if wide { self.u32() } else { self.u8().map(u32::from) }
    }

    fn atom(&mut self) -> Result<String, TermError> {
        match self.u8()? {
            tag @ (100 | 115 | 118 | 119) => self.atom_body(tag),
            tag => Err(TermError::Tag(tag)),
        }
    }

    fn atom_body(&mut self, tag: u8) -> Result<String, TermError> {
        let long = matches!(tag, 100 | 118);
        let size = if long { u32::from(self.u16()?) } else { u32::from(self.u8()?) };
        let bytes = self.take(size)?;
        let text: String = if matches!(tag, 100 | 115) {
            bytes.iter().copied().map(char::from).collect()
        } else {
            std::str::from_utf8(bytes).map_err(|_| TermError::Malformed("atom is not UTF-8"))?.into()
        };
        if text.len() > 255 && text.chars().count() > 255 {
            return Err(TermError::LongAtom(text.chars().take(40).collect()));
        }
        Ok(text)
    }
}
