//! Sizes: numbers of bytes and texts such as `512MB`, in exact arithmetics.

use minijinja::value::{Value, ValueKind};

/// Bytes in a unit; units are powers of 1024, as in docker, systemd and the JVM, with or without `B` or `iB`.
fn unit(name: &str) -> Option<u128> {
    let lower = name.to_ascii_lowercase();
    let power = match lower.strip_suffix("ib").or(lower.strip_suffix('b')).unwrap_or(&lower) {
        "" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        _ => return None,
    };
    // "iB" alone is no unit.
    (lower != "ib").then(|| 1024_u128.pow(power))
}

/// The number of bytes that a number or a text stands for, fractions of a byte dropped.
pub(super) fn bytes(value: &Value) -> Option<u64> {
    if let Some(text) = value.as_str() {
        return parse(text);
    }
    if value.kind() != ValueKind::Number {
        return None;
    }
    if let Ok(number) = u64::try_from(value.clone()) {
        return Some(number);
    }
    let number = f64::try_from(value.clone()).ok()?;
    // 2^64 itself does not fit, and `as` would saturate.
    (0.0..18_446_744_073_709_551_616.0).contains(&number).then_some(number as u64)
}

/// `1.5GiB`: digits, a fraction of up to nine digits, a unit; white space around and before the unit.
fn parse(text: &str) -> Option<u64> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, name) = text.split_at(end);
    let unit = unit(name.trim_start())?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let parts: u128 = fraction.parse().ok()?;
    let scale = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    let sum = u128::from(whole).checked_mul(unit)?.checked_add(parts * unit / scale)?;
    u64::try_from(sum).ok()
}

#[cfg(test)]
mod tests {
    use super::{bytes, parse};

    #[test]
    fn texts_with_units() {
        for (text, expected) in [
            ("0", Some(0)),
            (" 512MB ", Some(512 << 20)),
            ("512 mib", Some(512 << 20)),
            ("64k", Some(64 << 10)),
            ("1.5GiB", Some(3 << 29)),
            ("0.1k", Some(102)),
            ("2T", Some(2 << 40)),
            ("7B", Some(7)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("99999999T", None),
            ("", None),
            ("M", None),
            ("1iB", None),
            ("1.M", None),
            (".5M", None),
            ("1.2.3", None),
            ("1.0000000000k", None),
            ("-1", None),
            ("1 x", None),
            ("1é", None),
            ("٣", None),
        ] {
            assert_eq!(parse(text), expected, "{text:?}");
        }
    }

    #[test]
    fn numbers() {
        assert_eq!(bytes(&7.into()), Some(7));
        assert_eq!(bytes(&7.9.into()), Some(7));
        for bad in
            [(-1).into(), (-0.5).into(), f64::NAN.into(), f64::INFINITY.into(), 1e30.into(), true.into()]
        {
            assert_eq!(bytes(&bad), None, "{bad:?}");
        }
    }
}
