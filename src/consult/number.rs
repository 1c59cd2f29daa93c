//! Integers and floats.

use super::scan::Scanner;
use super::token::Token;
use super::{Fault, Position};

impl Scanner<'_> {
    pub(super) fn number(&mut self) -> Result<Token, Fault> {
        let start = self.position();
        let whole = self.digits(10);
        match (self.peek(), self.second()) {
            (Some('.'), Some('0'..='9')) => self.float(whole, start),
            (Some('#'), _) => self.based(&whole, start),
            _ => Ok(Token::Integer(whole.parse().ok())),
        }
    }

    /// Digits without the `_` between them.
    fn digits(&mut self, base: u32) -> String {
        let mut digits = self.take_while(|c| c.is_digit(base)).to_owned();
        while !digits.is_empty()
            && self.peek() == Some('_')
            && self.second().is_some_and(|c| c.is_digit(base))
        {
            self.take();
            digits.push_str(self.take_while(|c| c.is_digit(base)));
        }
        digits
    }

    /// Behind the digits before the dot.
    fn float(&mut self, mut text: String, start: Position) -> Result<Token, Fault> {
        text.extend(self.take());
        text.push_str(&self.digits(10));
        if self.take_if(|c| matches!(c, 'e' | 'E')).is_some() {
            text.push_str(&self.exponent());
        }
        let value = text.parse::<f64>().ok().filter(|value| value.is_finite());
        value.map(Token::Float).ok_or_else(|| Fault::at(start, "an illegal float"))
    }

    /// `e`, the sign and the digits behind an `e` that was taken.
    fn exponent(&mut self) -> String {
        let sign = self.take_if(|c| matches!(c, '+' | '-'));
        let mut text = String::from("e");
        text.extend(sign);
        text.push_str(&self.digits(10));
        text
    }

    /// Behind the base, before `#`.
    fn based(&mut self, base: &str, start: Position) -> Result<Token, Fault> {
        let base = base.parse().ok().filter(|base| (2..=36).contains(base));
        let base: u32 = base.ok_or_else(|| Fault::at(start, "a base that is not from 2 to 36"))?;
        self.take();
        let digits = self.digits(base);
        if digits.is_empty() {
            return Err(Fault::at(start, "a base without a number of that base"));
        }
        let fraction = self.peek() == Some('.') && self.second().is_some_and(|c| c.is_digit(base));
        if fraction && self.dialect.since(28) {
            return self.based_float(base, &digits, start);
        }
        Ok(Token::Integer(i64::from_str_radix(&digits, base).ok()))
    }

    /// `.F#eE` of `B#W.F#eE`, of OTP 28 and later.
    fn based_float(&mut self, base: u32, whole: &str, start: Position) -> Result<Token, Fault> {
        let illegal = || Fault::at(start, "an illegal float");
        self.take();
        let fraction = self.digits(base);
        let mut exponent = 0;
        if self.take_if(|c| c == '#').is_some() {
            self.take_if(|c| matches!(c, 'e' | 'E')).ok_or_else(illegal)?;
            exponent = self.exponent()[1..].parse::<i32>().map_err(|_| illegal())?;
        }
        let b = f64::from(base);
        let digit = |c: char| f64::from(c.to_digit(base).unwrap_or_default());
        let whole = whole.chars().fold(0.0, |value, c| value * b + digit(c));
        let fraction = fraction.chars().rev().fold(0.0, |value, c| (value + digit(c)) / b);
        let value = (whole + fraction) * b.powi(exponent);
        if value.is_finite() { Ok(Token::Float(value)) } else { Err(illegal()) }
    }
}
