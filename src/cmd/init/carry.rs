//! An existing vm.args as a template that renders to the same. Pure.

/// `text` with what the template language would take for its own made literal. With `variables`,
/// relx's `${NAME}` and `${NAME:-default}` (the `.src` form) become the template's.
pub(super) fn template(text: &str, variables: bool) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        if let Some(mark) = ["{{", "{%", "{#"].into_iter().find(|mark| rest.starts_with(mark)) {
            out.push_str(&format!("{{{{ \"{mark}\" }}}}"));
            rest = &rest[mark.len()..];
        } else if let Some((hole, after)) = variables.then(|| variable(rest)).flatten() {
            out.push_str(&hole);
            rest = after;
        } else {
            out.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    out
}

/// The variable that `text` begins with, as the template writes it, and what follows it.
fn variable(text: &str) -> Option<(String, &str)> {
    let (inner, after) = text.strip_prefix("${")?.split_once('}')?;
    let (name, default) = match inner.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inner, None),
    };
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(legal) {
        return None;
    }
    let hole = match default {
        Some(default) => format!("{{{{ env.{name} | default({default:?}) }}}}"),
        None => format!("{{{{ env.{name} }}}}"),
    };
    Some((hole, after))
}

#[cfg(test)]
mod tests {
    use super::template;

    fn rendered(text: &str, variables: bool) -> String {
        let environment = minijinja::Environment::new();
        let env = minijinja::context! { NODE => "a@b" };
        environment.render_str(&template(text, variables), minijinja::context! { env => env }).unwrap()
    }

    #[test]
    fn renders_to_what_it_was() {
        for text in ["-sname a\n", "-k '{{a,1},{%}}' {# $\n", "-e ${NODE} é\n", "{{{{%}}"] {
            assert_eq!(rendered(text, false), text.trim_end());
        }
    }

    #[test]
    fn variables_of_the_src_form_become_the_templates() {
        assert_eq!(rendered("-name ${NODE}", true), "-name a@b");
        assert_eq!(rendered("${NODE:-x}${NONE:-a \"q\" \\ b}${NONE:-}.", true), "a@ba \"q\" \\ b.");
        for plain in ["${", "${}", "${1X}", "${A B}", "$X"] {
            assert_eq!(template(plain, true), plain);
        }
    }
}
