//! `reboot`: a new operating system process for the node. Decides who would start it again, and says so to the
//! script, which stops the node by its own command: `start SECONDS`, `wait SECONDS PID`, both with the limit of it
//! all, or `done` where heart did everything. It refuses where nobody would. With `--full`, for `restart`, the node
//! need not answer, and `up SECONDS` says that there is none to stop.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::env::Instance;
use super::process::Process;
use super::restart::{getenv, not_in_time, until_booted};
use super::{client, launch, lock, options, print};
use crate::error::{Failure, Message, Status};
use crate::node::{Connection, Discard, Outcome, os_pid};

const LIMIT: Duration = Duration::from_secs(120);

/// Supervisors that start again whatever ends, as /proc/PID/comm has them: 15 bytes at most.
const SUPERVISORS: [&str; 4] = ["runsv", "s6-supervise", "supervise", "supervise-daemo"];

/// The options.
struct Wish {
    limit: Duration,
    force: bool,
    /// Whether it need not answer, and is stopped and started also where heart could do it.
    full: bool,
    /// The process that was stopped: what is left is to wait for another one.
    after: Option<i32>,
}

/// Who would start the node again.
#[derive(Debug, PartialEq, Eq)]
enum Keeper {
    /// Nobody, and nobody has to: `start` put it there.
    Ourselves,
    /// A supervisor that does so in any case.
    Supervisor,
    /// Nobody, or it can't be known: why, and what to type instead.
    Nobody(String, String),
}

pub(super) fn run(arguments: Vec<OsString>) -> Result<Status, Failure> {
    let wish = parse(arguments)?;
    let deadline = Instant::now() + wish.limit;
    let instance = Instance::from_env()?;
    if let Some(old) = wish.after {
        lock::release(&instance.state);
        return wait_for_another(&instance, old, deadline, wish.limit);
    }
    if wish.full {
        return match running(&instance, &wish)? {
            Some(pid) => plan(&instance, &wish, pid),
            None => {
                print(&format!("up {}\n", wish.limit.as_secs()))?;
                Ok(Status::Done)
            }
        };
    }
    let mut connection = client::open(&instance, options::CLIENT_LIMIT.min(wish.limit))?;
    let pid = os_pid(&mut connection)?.cast_signed();
    if has_heart(&mut connection)? {
        lock::release(&instance.state);
        connection.call("init", "reboot", Vec::new(), &mut Discard, Some(wish.limit))?;
        wait_for_another(&instance, pid, deadline, wish.limit)?;
        print("done\n")?;
        return Ok(Status::Done);
    }
    plan(&instance, &wish, pid)
}

/// The node's process, whether it answers or not.
fn running(instance: &Instance, wish: &Wish) -> Result<Option<i32>, Failure> {
    let known = launch::running(&instance.state).or_else(|| Process::recorded(&instance.state));
    if let Some(process) = known {
        return Ok(Some(process.pid));
    }
    match client::open(instance, options::CLIENT_LIMIT.min(wish.limit)) {
        Ok(mut connection) => Ok(Some(os_pid(&mut connection)?.cast_signed())),
        Err(failure) if failure.status() == Status::NotRunning => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Prints what the script is to do.
fn plan(instance: &Instance, wish: &Wish, pid: i32) -> Result<Status, Failure> {
    let limit = wish.limit.as_secs();
    match keeper(instance, pid) {
        Keeper::Ourselves => print(&format!("start {limit}\n"))?,
        Keeper::Nobody(why, help) if !wish.force => {
            let text = format!("{} (pid {pid}) would not come up again: {why}", instance.name);
            return Err(Message::new(Status::Failed, text).with_help(help).into());
        }
        Keeper::Supervisor | Keeper::Nobody(..) => print(&format!("wait {limit} {pid}\n"))?,
    }
    Ok(Status::Done)
}

fn parse(arguments: Vec<OsString>) -> Result<Wish, Failure> {
    let mut wish = Wish { limit: LIMIT, force: false, full: false, after: None };
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(|error| options::usage(&error))? {
        match argument {
            lexopt::Arg::Long("timeout") => wish.limit = options::seconds(&mut parser)?,
            lexopt::Arg::Long("force") => wish.force = true,
            lexopt::Arg::Long("full") => wish.full = true,
            lexopt::Arg::Long("after") => wish.after = options::text(&mut parser)?.parse().ok(),
            other => return Err(options::usage(&other.unexpected())),
        }
    }
    Ok(wish)
}

/// `limit` is the one that has led to the deadline.
fn wait_for_another(
    instance: &Instance,
    old: i32,
    deadline: Instant,
    limit: Duration,
) -> Result<Status, Failure> {
    until_booted(instance, deadline, |now| now != old, || true).map_err(|_| not_in_time(instance, limit))?;
    lock::wait_for_start(&instance.state, deadline);
    Ok(Status::Done)
}

/// Whether heart runs and knows what to start.
fn has_heart(connection: &mut Connection) -> Result<bool, Failure> {
    let mut call = |module: &str, function: &str, args| -> Result<Outcome, Failure> {
        Ok(connection.call(module, function, args, &mut Discard, Some(options::CLIENT_LIMIT))?)
    };
    let heart = call("erlang", "whereis", vec![crate::node::Term::atom("heart")])?;
    if !matches!(&heart, Outcome::Return(term) if term.as_atom().is_none()) {
        return Ok(false);
    }
    // {ok, Command}: the one set at run time, which wins over the variable.
    let command = call("heart", "get_cmd", Vec::new())?;
    let set = match &command {
        Outcome::Return(term) => term.as_tuple().and_then(|it| it.get(1)?.as_text()),
        Outcome::Exception { .. } => None,
    };
    let set = set.filter(|command| !command.is_empty());
    Ok(set.is_some() || getenv(connection, "HEART_COMMAND")?.is_some_and(|command| !command.is_empty()))
}

/// Looks at the command that the VM was started by, and at its parents.
fn keeper(instance: &Instance, vm: i32) -> Keeper {
    let command = Process::now(vm).and_then(|process| process.variable("BOOT_COMMAND"));
    if command.is_some_and(|command| command == "start") {
        return Keeper::Ourselves;
    }
    let Some(mut parent) = parent_of(vm) else { return unseen() };
    let helper = supervisor(parent);
    if helper == Some(Kept::InBackground) {
        return Keeper::Ourselves;
    }
    if helper.is_some() || is_foreground_script(parent, &instance.name) {
        match parent_of(parent) {
            Some(above) => parent = above,
            None => return unseen(),
        }
    }
    let name = fs::read_to_string(format!("/proc/{parent}/comm")).unwrap_or_default();
    match name.trim_end() {
        "run_erl" => Keeper::Ourselves,
        name if SUPERVISORS.contains(&name) => Keeper::Supervisor,
        "systemd" => systemd(vm, parent),
        "supervisord" => {
            let command = format!("supervisorctl restart {}", supervised_as(vm).unwrap_or("NAME".into()));
            Keeper::Nobody(
                format!("supervisord (pid {parent}) starts again what ends well only with autorestart=true"),
                format!("{command}; or with autorestart=true: {} reboot --force", client::program()),
            )
        }
        _ if parent <= 1 => unseen(),
        name => Keeper::Nobody(
            format!("its parent is {name} (pid {parent}), which is no supervisor known to do that"),
            format!(
                "stop it there and run it again, or {} reboot --force where something starts it again",
                client::program()
            ),
        ),
    }
}

/// The VM is the first process of its container, or the one above it is.
fn unseen() -> Keeper {
    Keeper::Nobody(
        "whether its container is started again can't be known from inside".into(),
        format!("restart the container, or {} reboot --force where its engine does that", client::program()),
    )
}

/// systemd starts a unit that ended well again with Restart=always or on-success.
fn systemd(vm: i32, manager: i32) -> Keeper {
    let groups = fs::read_to_string(format!("/proc/{vm}/cgroup")).unwrap_or_default();
    let unit = groups.lines().find_map(|line| line.rsplit('/').find(|part| part.ends_with(".service")));
    let unit = unit.unwrap_or("UNIT");
    let mut ask = Command::new("systemctl");
    if manager != 1 {
        ask.arg("--user");
    }
    let output = ask.args(["show", "--property=Restart", unit]).output();
    let restart = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    match restart.as_deref().unwrap_or_default().strip_prefix("Restart=") {
        Some("always" | "on-success") => Keeper::Supervisor,
        other => Keeper::Nobody(
            format!("systemd has Restart={} for {unit}", other.unwrap_or("(unknown)")),
            format!("systemctl {}restart {unit}", if manager == 1 { "" } else { "--user " }),
        ),
    }
}

/// `GROUP:NAME`, as supervisord tells its children.
fn supervised_as(vm: i32) -> Option<String> {
    let variables = fs::read(format!("/proc/{vm}/environ")).ok()?;
    let variables = String::from_utf8_lossy(&variables);
    let value = |name: &str| variables.split('\0').find_map(|it| it.strip_prefix(name)?.strip_prefix('='));
    Some(format!("{}:{}", value("SUPERVISOR_GROUP_NAME")?, value("SUPERVISOR_PROCESS_NAME")?))
}

/// Where the helper that supervises a VM keeps it.
#[derive(Debug, PartialEq, Eq)]
enum Kept {
    InForeground,
    InBackground,
}

/// Whether that is `relboot-helper supervise`.
fn supervisor(pid: i32) -> Option<Kept> {
    let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let mut words = line.split(|byte| *byte == 0);
    let program = words.next().map(String::from_utf8_lossy)?;
    let is_one = program.ends_with("relboot-helper") && words.next() == Some(b"supervise");
    let detached = words.take_while(|word| *word != b"--").any(|word| word == b"--log-files");
    is_one.then_some(if detached { Kept::InBackground } else { Kept::InForeground })
}

/// The script `bin/NAME foreground`, which stays above the VM when there are hooks to run later and no helper.
fn is_foreground_script(pid: i32, name: &str) -> bool {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words: Vec<_> = line.split(|byte| *byte == 0).map(String::from_utf8_lossy).collect();
    let script =
        words.iter().position(|word| Path::new(word.as_ref()).file_name().is_some_and(|it| it == name));
    script.is_some_and(|at| words[at + 1..].iter().any(|word| word == "foreground" || word == "--foreground"))
}

/// `None` when there is none that can be seen from here.
fn parent_of(pid: i32) -> Option<i32> {
    Process::now(pid)?.parent_pid()
}

#[cfg(test)]
mod tests {
    use std::process::id;

    use super::{Keeper, is_foreground_script, keeper, parent_of};
    use crate::helper::env::Instance;

    #[test]
    fn a_program_that_is_no_supervisor_would_not_start_it_again() {
        let state = std::path::PathBuf::from("/nonexistent");
        let instance =
            Instance { root: state.clone(), name: "demo".into(), vsn: "1".into(), log: state.clone(), state };
        let me = id().cast_signed();
        assert!(parent_of(me).is_some_and(|parent| parent > 0));
        assert_eq!(parent_of(1), None);
        assert!(!is_foreground_script(me, "demo"));
        let mut child = std::process::Command::new("sleep").arg("100").spawn().unwrap();
        let kept = keeper(&instance, child.id().cast_signed());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(matches!(&kept, Keeper::Nobody(why, _) if why.contains(&format!("(pid {me})"))), "{kept:?}");
    }
}
