//! Filters that make an Erlang term, in text, of a value: `erl_atom`, `erl_string` and so on.

use minijinja::Environment;

/// Adds the filters to an engine.
pub(super) fn add_filters(engine: &mut Environment<'static>) {
    engine.add_filter("erl_atom", |text: String| quoted(&text, '\''));
}

/// `text` between quotes, with what Erlang's scanner needs escaped.
fn quoted(text: &str, quote: char) -> String {
    let mut quoted = String::from(quote);
    for c in text.chars() {
        if c == quote || c == '\\' {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push(quote);
    quoted
}
