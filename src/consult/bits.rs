//! The fields of binaries: whether `<<Value:Size/Types>>` can be made, and how long it is. As OTP's `erl_bits` and
//! `eval_bits` have it.

use super::{Dialect, Value};

/// What a field is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Integer,
    Float,
    Binary,
    Utf,
}

/// The types behind the `/`.
#[derive(Debug, Default)]
pub(super) struct Types {
    kind: Option<(&'static str, Kind)>,
    unit: Option<u64>,
    signed: Option<bool>,
    endian: Option<u8>,
}

/// A binary that is longer would take half a gigabyte.
const LONGEST: u64 = 1 << 32;

impl Types {
    /// Adds a type by its name, `unit:N` with its number. `None`: there is none such, or it contradicts another.
    pub(super) fn add(&mut self, name: &str, number: Option<Option<i64>>) -> Option<()> {
        if let Some(number) = number {
            let unit = number.filter(|unit| name == "unit" && (1..=256).contains(unit))?;
            return merge(&mut self.unit, unit.unsigned_abs());
        }
        match name {
            "integer" => merge(&mut self.kind, ("integer", Kind::Integer)),
            "float" => merge(&mut self.kind, ("float", Kind::Float)),
            "utf8" => merge(&mut self.kind, ("utf8", Kind::Utf)),
            "utf16" => merge(&mut self.kind, ("utf16", Kind::Utf)),
            "utf32" => merge(&mut self.kind, ("utf32", Kind::Utf)),
            "binary" => merge(&mut self.kind, ("binary", Kind::Binary)),
            "bytes" => {
                merge(&mut self.kind, ("binary", Kind::Binary)).and_then(|()| merge(&mut self.unit, 8))
            }
            "bits" | "bitstring" => {
                merge(&mut self.kind, ("binary", Kind::Binary)).and_then(|()| merge(&mut self.unit, 1))
            }
            "signed" => merge(&mut self.signed, true),
            "unsigned" => merge(&mut self.signed, false),
            "big" => merge(&mut self.endian, 0),
            "little" => merge(&mut self.endian, 1),
            "native" => merge(&mut self.endian, 2),
            _ => None,
        }
    }
}

fn merge<T: PartialEq>(field: &mut Option<T>, value: T) -> Option<()> {
    match field {
        Some(there) if *there != value => None,
        _ => {
            *field = Some(value);
            Some(())
        }
    }
}

/// The size of a field, in units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Size {
    /// What the value has.
    All,
    /// None is needed.
    Undefined,
    Of(u64),
}

/// The length in bits of a field; `None`: it can't be made.
pub(super) fn field(value: &Value, size: Option<&Value>, types: &Types, dialect: Dialect) -> Option<u64> {
    let (name, kind) = types.kind.unwrap_or(("integer", Kind::Integer));
    let size = match size {
        Some(Value::Integer(Some(number))) => Size::Of(u64::try_from(*number).ok()?),
        Some(Value::Atom(atom)) if atom == "all" => Size::All,
        Some(Value::Atom(atom)) if atom == "undefined" => Size::Undefined,
        Some(_) => return None,
        None => match kind {
            Kind::Binary => Size::All,
            Kind::Utf => Size::Undefined,
            // A unit without a size.
            Kind::Integer | Kind::Float if types.unit.is_some() => return None,
            Kind::Integer => Size::Of(8),
            Kind::Float => Size::Of(64),
        },
    };
    if kind == Kind::Utf && (size != Size::Undefined || types.unit.is_some()) {
        return None;
    }
    let unit = types.unit.unwrap_or(if kind == Kind::Binary { 8 } else { 1 });
    let each = |value: &Value| match kind {
        Kind::Integer => integer(value, size, unit),
        Kind::Float => float(value, size, unit, dialect),
        Kind::Binary => binary(value, size, unit),
        Kind::Utf => utf(value, name),
    };
    let Value::String(text) = value else { return each(value) };
    let character = |c: char| each(&Value::Integer(Some(u32::from(c).into())));
    // An empty one has to be of a possible type, too.
    character('\0')?;
    text.chars().try_fold(0, |length, c| longer(length, character(c)?))
}

fn bits(size: Size, unit: u64) -> Option<u64> {
    let Size::Of(size) = size else { return None };
    size.checked_mul(unit).filter(|bits| *bits <= LONGEST)
}

fn integer(value: &Value, size: Size, unit: u64) -> Option<u64> {
    matches!(value, Value::Integer(_)).then(|| bits(size, unit))?
}

fn float(value: &Value, size: Size, unit: u64, dialect: Dialect) -> Option<u64> {
    #[expect(clippy::cast_precision_loss, reason = "as the VM does")]
    let value = match value {
        Value::Float(value) => *value,
        Value::Integer(Some(value)) => *value as f64,
        // Beyond 64 bits: none that anybody writes is beyond a float.
        Value::Integer(None) => 0.0,
        _ => return None,
    };
    let bits = bits(size, unit)?;
    let fits = match bits {
        16 => dialect.since(24) && value.abs() < 65520.0,
        #[expect(clippy::cast_possible_truncation, reason = "to infinity, which is asked for")]
        32 => (value as f32).is_finite(),
        64 => true,
        _ => false,
    };
    fits.then_some(bits)
}

fn binary(value: &Value, size: Size, unit: u64) -> Option<u64> {
    let Value::Binary(there) = value else { return None };
    match size {
        Size::All => (there % unit == 0).then_some(*there),
        Size::Undefined => None,
        Size::Of(_) => bits(size, unit).filter(|bits| bits <= there),
    }
}

fn utf(value: &Value, name: &str) -> Option<u64> {
    let Value::Integer(Some(code)) = value else { return None };
    let c = u32::try_from(*code).ok().and_then(char::from_u32)?;
    Some(match name {
        "utf8" => 8 * c.len_utf8() as u64,
        "utf16" => 16 * c.len_utf16() as u64,
        _ => 32,
    })
}

/// Adds to the length of a binary; `None`: too long.
pub(super) fn longer(length: u64, by: u64) -> Option<u64> {
    length.checked_add(by).filter(|length| *length <= LONGEST)
}
