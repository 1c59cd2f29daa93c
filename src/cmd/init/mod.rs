//! `relboot init`: gives a project its `rel/relboot.toml` and `rel/vm.args.j2`.

use std::fs;
use std::io;
use std::path::Path;

use super::{shown, terminal};
use crate::cli::Init;
use crate::error::{Failure, Message, Status};
use crate::kit::emit;

mod carry;

const CONFIG: &str = include_str!("relboot.toml");
const HEAD: &str = include_str!("head.j2");
const MIX: &str = include_str!("mix.j2");
const REBAR3: &str = include_str!("rebar3.j2");

/// The build tool of a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tool {
    Mix,
    Rebar3,
}

pub(super) fn run(options: &Init) -> Result<Status, Failure> {
    let tool = tool(&options.dir)?;
    let files = [("rel/relboot.toml", CONFIG.to_owned()), ("rel/vm.args.j2", template(&options.dir, tool)?)];
    let there: Vec<_> = files
        .iter()
        .map(|(path, _)| options.dir.join(path))
        .filter(|path| path.symlink_metadata().is_ok())
        .map(|path| shown(&path))
        .collect();
    if !there.is_empty() && !options.force {
        let message = format!("{}: there already, nothing was written", there.join(", "));
        let help = "relboot init --force overwrites them";
        return Err(Message::new(Status::Failed, message).with_help(help).into());
    }
    for (path, text) in &files {
        emit::write_file(&options.dir.join(path), text.as_bytes(), 0o644)?;
    }
    let build = match tool {
        Tool::Mix => "MIX_ENV=prod mix release",
        Tool::Rebar3 => "rebar3 as prod release",
    };
    terminal::print(&format!(
        "wrote rel/relboot.toml and rel/vm.args.j2\nnext: {build} && relboot generate\n"
    ))?;
    Ok(Status::Done)
}

fn tool(dir: &Path) -> Result<Tool, Message> {
    if dir.join("mix.exs").is_file() {
        return Ok(Tool::Mix);
    }
    if dir.join("rebar.config").is_file() {
        return Ok(Tool::Rebar3);
    }
    let message = format!("{}: no project there (neither mix.exs nor rebar.config)", dir.display());
    Err(Message::new(Status::Usage, message).with_help("relboot init DIR names the project's directory"))
}

/// With rebar3 the project's own vm.args goes on; mix sets name and cookie by the environment.
fn template(dir: &Path, tool: Tool) -> Result<String, Message> {
    if tool == Tool::Mix {
        return Ok(format!("{HEAD}{MIX}"));
    }
    for name in ["config/vm.args.src", "config/vm.args"] {
        let path = dir.join(name);
        match fs::read(&path) {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes);
                return Ok(carried_over(name, &carry::template(&text, name.ends_with(".src"))));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(Message::new(Status::Failed, format!("{}: {error}", shown(&path)))),
        }
    }
    Ok(format!("{HEAD}{REBAR3}"))
}

/// The project's own arguments below the head, with the names that a host could give.
fn carried_over(name: &str, body: &str) -> String {
    let examples = "{# Names that follow the host, instead of those below:\n\
                    -name {{ release.name }}@{{ host.fqdn }}\n\
                    -sname {{ release.name }}\n#}\n";
    format!("{HEAD}{examples}\n## From {name}:\n{}\n", body.trim_end_matches('\n'))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::{CONFIG, Tool, run, template, tool};
    use crate::cli::Init;
    use crate::config::{Config, Sizing};
    use crate::release::tests::write;

    /// The template as the node's start renders it.
    fn rendered(text: &str) -> String {
        let mut environment = minijinja::Environment::new();
        environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
        let context = minijinja::context! {
            release => minijinja::context! { name => "demo" },
            cpu => minijinja::context! { count => 4 },
            host => minijinja::context! { fqdn => "h.example" },
        };
        environment.render_str(text, context).unwrap()
    }

    /// The lines that are not comments.
    fn arguments(text: &str) -> Vec<String> {
        let lines = text.lines().map(str::trim);
        lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(Into::into).collect()
    }

    #[test]
    fn the_configuration_is_all_defaults_also_without_the_comment_signs() {
        let mut written = Config::parse(CONFIG, "x").unwrap();
        assert_eq!(std::mem::take(&mut written.vm.sizing), Sizing::Auto, "the one key that is set");
        assert_eq!(written, Config::default());
        let uncommented: Vec<_> = CONFIG
            .lines()
            .map(|line| {
                let code = |text: &&str| text.contains(" = ") || text.starts_with('[');
                line.strip_prefix("# ").filter(code).unwrap_or(line)
            })
            .collect();
        let config = Config::parse(&uncommented.join("\n"), "x").unwrap();
        assert_eq!(config.vm.flags.to_text().lines().count(), 2);
        assert_eq!(config.vm.template.unwrap().as_path().to_str(), Some("rel/vm.args.j2"));
        assert_eq!(config.start, Config::default().start);
    }

    #[test]
    fn templates_render_without_any_variable_of_the_environment() {
        let dir = tempfile::tempdir().unwrap();
        let mix = rendered(&template(dir.path(), Tool::Mix).unwrap());
        assert_eq!(arguments(&mix), [""; 0]);
        let rebar3 = rendered(&template(dir.path(), Tool::Rebar3).unwrap());
        assert_eq!(arguments(&rebar3), ["-sname demo"]);
    }

    #[test]
    fn what_vm_args_says_is_kept() {
        let vm_args = "-name cnt@127.0.0.1\n\n-setcookie cnt_cookie\n";
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "config/vm.args", vm_args);
        let text = rendered(&template(dir.path(), Tool::Rebar3).unwrap());
        assert_eq!(arguments(&text), ["-name cnt@127.0.0.1", "-setcookie cnt_cookie"]);
        write(dir.path(), "config/vm.args.src", "-name ${NAME:-a@b}\n");
        let text = template(dir.path(), Tool::Rebar3).unwrap();
        assert!(
            text.ends_with("## From config/vm.args.src:\n-name {{ env.NAME | default(\"a@b\") }}\n"),
            "{text}"
        );
    }

    #[test]
    fn tells_projects_apart_and_overwrites_only_when_asked_to() {
        let dir = tempfile::tempdir().unwrap();
        let options = |force| Init { dir: PathBuf::from(dir.path()), force };
        assert!(tool(dir.path()).unwrap_err().to_string().contains("neither mix.exs nor rebar.config"));
        write(dir.path(), "rebar.config", "");
        assert_eq!(tool(dir.path()).unwrap(), Tool::Rebar3);
        run(&options(false)).unwrap();
        write(dir.path(), "rel/relboot.toml", "[start]\ntimeout = 5\n");
        let error = run(&options(false)).unwrap_err();
        assert!(error.to_string().contains("rel/relboot.toml") && error.help().unwrap().contains("--force"));
        run(&options(true)).unwrap();
        assert_eq!(fs::read_to_string(dir.path().join("rel/relboot.toml")).unwrap(), CONFIG);
    }
}
