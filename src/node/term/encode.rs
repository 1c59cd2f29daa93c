//! Terms to bytes, in the forms that every node of OTP 23 and later reads.

use super::{Export, Pid, Port, Reference, Term, TermError};

pub(super) fn term(term: &Term, out: &mut Vec<u8>) -> Result<(), TermError> {
    out.push(131);
    part(term, out)
}

fn part(term: &Term, out: &mut Vec<u8>) -> Result<(), TermError> {
    match term {
        Term::Int(value) => int(*value, out),
        Term::Big(value) => big(value.negative, &value.magnitude, out)?,
        Term::Float(value) => {
            out.push(70);
            out.extend(value.to_bits().to_be_bytes());
        }
        Term::Atom(name) => atom(name, out)?,
        Term::Pid(value) => pid(value, out)?,
        Term::Reference(value) => reference(value, out)?,
        Term::Port(value) => port(value, out)?,
        Term::Fun(bytes) => out.extend(bytes),
        Term::Export(value) => export(value, out)?,
        Term::Tuple(parts) => tuple(parts, out)?,
        Term::List(parts) => {
            if !parts.is_empty() {
                list(parts, out)?;
            }
            out.push(106);
        }
        Term::ImproperList(parts, tail) => {
            list(parts, out)?;
            part(tail, out)?;
        }
        Term::Binary(bytes) => {
            out.push(109);
            size(bytes.len(), out)?;
            out.extend(bytes);
        }
        Term::BitBinary { bytes, last_bits } => {
            out.push(77);
            size(bytes.len(), out)?;
            out.push(*last_bits);
            out.extend(bytes);
        }
        Term::Map(pairs) => map(pairs, out)?,
    }
    Ok(())
}

fn size(value: usize, out: &mut Vec<u8>) -> Result<(), TermError> {
    out.extend(u32::try_from(value).map_err(|_| TermError::TooLarge)?.to_be_bytes());
    Ok(())
}

fn int(value: i64, out: &mut Vec<u8>) {
    if let Ok(byte) = u8::try_from(value) {
        out.extend([97, byte]);
    } else if let Ok(word) = i32::try_from(value) {
        out.push(98);
        out.extend(word.to_be_bytes());
    } else {
        let bytes = value.unsigned_abs().to_le_bytes();
        let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        // The cast is of a number up to 8.
        out.extend([110, used as u8, u8::from(value < 0)]);
        out.extend(&bytes[..used]);
    }
}

fn big(negative: bool, magnitude: &[u8], out: &mut Vec<u8>) -> Result<(), TermError> {
    if let Ok(short) = u8::try_from(magnitude.len()) {
        out.extend([110, short]);
    } else {
        out.push(111);
        size(magnitude.len(), out)?;
    }
    out.push(u8::from(negative));
    out.extend(magnitude);
    Ok(())
}

fn atom(name: &str, out: &mut Vec<u8>) -> Result<(), TermError> {
    if name.chars().count() > 255 {
        return Err(TermError::LongAtom(name.chars().take(40).collect()));
    }
    if let Ok(short) = u8::try_from(name.len()) {
        out.extend([119, short]);
    } else {
        // 255 characters have at most 1020 bytes.
        out.push(118);
        out.extend((name.len() as u16).to_be_bytes());
    }
    out.extend(name.as_bytes());
    Ok(())
}

fn pid(value: &Pid, out: &mut Vec<u8>) -> Result<(), TermError> {
    out.push(88);
    atom(&value.node, out)?;
    for number in [value.id, value.serial, value.creation] {
        out.extend(number.to_be_bytes());
    }
    Ok(())
}

fn export(value: &Export, out: &mut Vec<u8>) -> Result<(), TermError> {
    out.push(113);
    atom(&value.module, out)?;
    atom(&value.function, out)?;
    out.extend([97, value.arity]);
    Ok(())
}

fn reference(value: &Reference, out: &mut Vec<u8>) -> Result<(), TermError> {
    out.push(90);
    out.extend(u16::try_from(value.ids.len()).map_err(|_| TermError::TooLarge)?.to_be_bytes());
    atom(&value.node, out)?;
    out.extend(value.creation.to_be_bytes());
    for id in &value.ids {
        out.extend(id.to_be_bytes());
    }
    Ok(())
}

fn port(value: &Port, out: &mut Vec<u8>) -> Result<(), TermError> {
    // OTP 23 does not know the wide form, and has no port that would need it.
    if let Ok(id) = u32::try_from(value.id) {
        out.push(89);
        atom(&value.node, out)?;
        out.extend(id.to_be_bytes());
    } else {
        out.push(120);
        atom(&value.node, out)?;
        out.extend(value.id.to_be_bytes());
    }
    out.extend(value.creation.to_be_bytes());
    Ok(())
}

fn map(pairs: &[(Term, Term)], out: &mut Vec<u8>) -> Result<(), TermError> {
    out.push(116);
    size(pairs.len(), out)?;
    for (key, value) in pairs {
        part(key, out)?;
        part(value, out)?;
    }
    Ok(())
}

fn tuple(parts: &[Term], out: &mut Vec<u8>) -> Result<(), TermError> {
    if let Ok(short) = u8::try_from(parts.len()) {
        out.extend([104, short]);
    } else {
        out.push(105);
        size(parts.len(), out)?;
    }
    parts.iter().try_for_each(|element| part(element, out))
}

/// The head and the elements; the tail is the caller's.
fn list(parts: &[Term], out: &mut Vec<u8>) -> Result<(), TermError> {
    out.push(108);
    size(parts.len(), out)?;
    parts.iter().try_for_each(|element| part(element, out))
}
