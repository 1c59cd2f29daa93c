//! vm.args from a template in which secrets may stand, but only where no process's arguments show them.
//!
//! How it is known where a secret went, through whatever filters: the template is rendered again with other
//! text in the place of each secret. Words that come out different were made of one.

use std::sync::Arc;

use super::error::Problem;
use super::explain::Source;
use super::functions::Kept;
use super::{Context, lines, render_with};
use crate::vmargs::args::{Args, Include};
use crate::vmargs::error::{Error, Place};

/// Renders a template and reads the outcome as vm.args; `include` as for [`Args::parse`].
///
/// # Errors
/// As [`super::render`] and [`Args::parse`]; and a secret anywhere but in the value of `-env` or of
/// `-setcookie`.
pub fn render_args(
    text: &str,
    file: &str,
    context: &Context<'_>,
    include: &mut Include<'_>,
) -> Result<Args, Error> {
    let kept = Kept::new(Arc::clone(&context.sources));
    let rendered = render_with(text, file, context, &kept, str::to_owned)?;
    let lines = lines::of_outcome(text, file, context, &kept, &rendered);
    let mut read = |rendered: &str| match Args::parse(rendered, file, include) {
        Ok(mut args) => {
            args.places().filter(|place| place.file == file).for_each(|place| place.move_to(&lines));
            Ok(args)
        }
        Err(mut error) => {
            error
                .place_mut()
                .filter(|place| place.file == file)
                .into_iter()
                .for_each(|it| it.move_to(&lines));
            Err(error)
        }
    };
    let args = read(&rendered);
    if !kept.any_secret() {
        return args;
    }
    let other = |show| render_with(text, file, context, &kept, show).and_then(|other| read(&other));
    trace(args, other, &Source { text, file })
}

/// Marks the words that were made of secrets, and refuses those that would be seen; `other` makes the same words of
/// other secrets.
fn trace(
    args: Result<Args, Error>,
    mut other: impl FnMut(Show) -> Result<Args, Error>,
    source: &Source<'_>,
) -> Result<Args, Error> {
    let first = || Place::new(source.file, 1);
    let mut args = match args {
        Ok(args) => args,
        Err(error) => {
            let told = untold(error, |show| other(show).err());
            return Err(told.unwrap_or_else(|| {
                refused(source, first(), "this is no vm.args with the value of a secret in it")
            }));
        }
    };
    for (show, must) in OTHERS {
        // The other text keeps what has a meaning in vm.args, so that the words are as many.
        let marked = other(show).is_ok_and(|other| args.mark_secrets(&other));
        if must && !marked {
            let message = "how many words there are, or whether it can be rendered, hangs on a secret";
            return Err(refused(source, first(), message));
        }
    }
    match args.exposed_secret() {
        Some((place, flag)) => {
            let what =
                if flag.is_empty() { "a secret".into() } else { format!("a secret as value of {flag}") };
            Err(refused(source, place, &format!("{what} would be seen in the arguments of the node")))
        }
        None => Ok(args),
    }
}

fn refused(source: &Source<'_>, place: Place, message: &str) -> Error {
    let help = "a template of sys.config may hold it, vm.args only as `-env NAME VALUE` or as the cookie";
    let mut error = source.error(Problem::Secret(message.into()), Some(help.into()), place.line);
    error.place = place;
    error.excerpt = source.call(error.place.line);
    error.into()
}

/// The error when it says the same whatever the secrets are: then there is none in it.
fn untold(error: Error, mut other: impl FnMut(Show) -> Option<Error>) -> Option<Error> {
    let same = |show| other(show).is_some_and(|other| other.to_string() == error.to_string());
    OTHERS.map(|(show, _)| show).into_iter().all(same).then_some(error)
}

/// What a template gets to see of a secret.
type Show = fn(&str) -> String;

/// Other texts of the same shape, and whether the template has to come through with them.
const OTHERS: [(Show, bool); 4] = [
    (|text| letters(text, 3), true),
    (|text| letters(text, 11), true),
    (|text| letters(text, 16), true),
    (signs, false),
];

/// Each letter and digit another one, by its place: what is sorted or has doublets is so no more.
fn letters(text: &str, seed: usize) -> String {
    let change = |(at, c): (usize, char)| {
        let turn = |first: u8, count: usize| {
            let by = 1 + (seed * 7 + at * 5) % (count - 1);
            let index = (c as usize - usize::from(first) + by) % count;
            char::from(first + u8::try_from(index).unwrap_or(0))
        };
        match c {
            'a'..='z' => turn(b'a', 26),
            'A'..='Z' => turn(b'A', 26),
            // A number stays one of as many digits.
            '1'..='9' => turn(b'1', 9),
            '0' => char::from(b'1' + u8::try_from((seed + at) % 9).unwrap_or(0)),
            c if c.is_ascii() => c,
            'é' => 'ü',
            _ => 'é',
        }
    };
    text.chars().enumerate().map(change).collect()
}

/// Signs without a meaning in vm.args changed; letters stay.
fn signs(text: &str) -> String {
    const SIGNS: &str = "!@%^&*_=:;,.?/|~()[]{}<>$`";
    let change = |c: char| match SIGNS.find(c) {
        Some(at) => char::from(SIGNS.as_bytes()[(at + 1) % SIGNS.len()]),
        None => c,
    };
    text.chars().map(change).collect()
}

#[cfg(test)]
mod tests;
