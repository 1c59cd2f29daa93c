//! `run-as USER -- PROGRAM [ARG...]`: root becomes another user, and then a program. Also knows who may change an
//! instance that is to be run by one user.

use std::convert::Infallible;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use rustix::fs::Access;
use rustix::process::{Gid, Uid, geteuid};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};

use super::{client, env, options};
use crate::error::{Failure, Message, Status};

/// Returns only when it can't become that user, or the program can't be run.
pub(super) fn run(arguments: Vec<OsString>) -> Result<Infallible, Failure> {
    let mut arguments = arguments.into_iter();
    let (user, dashes) = (options::utf8(arguments.next().unwrap_or_default())?, arguments.next());
    let Some(program) = arguments.next().filter(|_| dashes.is_some_and(|it| it == "--")) else {
        return Err(Message::new(Status::Usage, "run-as needs a user, --, and a program").into());
    };
    let account = Account::named(&user)?;
    if account.uid == 0 {
        let text = format!("user {user} of [run] is root under another name");
        return Err(Message::new(Status::Failed, text)
            .with_help("take one that is nobody else, or user = \"root\", in rel/relboot.toml")
            .into());
    }
    close_others();
    account.become_it()?;
    let mut command = Command::new(&program);
    command.args(arguments);
    command.env("HOME", &account.home).env("USER", &user).env("LOGNAME", &user);
    let runtime = env::var("XDG_RUNTIME_DIR").and_then(|directory| fs::metadata(directory).ok());
    if runtime.is_none_or(|it| it.uid() != account.uid) {
        // Root's.
        command.env_remove("XDG_RUNTIME_DIR");
    }
    if rustix::fs::access(".", Access::EXEC_OK).is_err() {
        // Programs do not like to begin where they can't look.
        command.current_dir("/");
    }
    let error = command.exec();
    let text = format!("cannot run {} as {user}: {error}", program.to_string_lossy());
    Err(Message::new(Status::Failed, text).into())
}

/// Refuses to change an instance as another user than the one who is to run it; an empty name allows all.
pub(super) fn must_be(user: &str, command: &str) -> Result<(), Failure> {
    let me = geteuid();
    // Root is somebody else by now, unless the kit has been changed.
    if user.is_empty() || me.is_root() || Account::named(user)?.uid == me.as_raw() {
        return Ok(());
    }
    let text = format!("{command} is for user {user}, and this is user {}", me.as_raw());
    Err(Message::new(Status::Unreachable, text)
        .with_help(format!("sudo -u {user} {} {command}", client::program()))
        .into())
}

/// What has to be known of a user to become him.
#[derive(Debug, PartialEq, Eq)]
struct Account {
    uid: u32,
    gid: u32,
    home: String,
    groups: Vec<u32>,
}

impl Account {
    /// From /etc/passwd and /etc/group; where he is not in there, from whom `getent` asks.
    fn named(user: &str) -> Result<Self, Failure> {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let local = Self::of_line(user, &read("/etc/passwd"));
        let found = match local {
            Some(account) => Some(account.with_members(user, &read("/etc/group"))),
            None => Self::of_line(user, &getent("passwd", user))
                .map(|account| account.with_list(&getent("initgroups", user))),
        };
        found.ok_or_else(|| {
            let text = format!("there is no user {user}, as whom [run] has this release run");
            let help = format!(
                "useradd --system {user}, or another one: [run] user in rel/relboot.toml, and generate the kit again"
            );
            Message::new(Status::Failed, text).with_help(help).into()
        })
    }

    /// The line `NAME:PASSWORD:UID:GID:GECOS:HOME:SHELL` of that name.
    fn of_line(user: &str, passwd: &str) -> Option<Self> {
        passwd.lines().find_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            let [name, _, uid, gid, _, home, ..] = fields.as_slice() else { return None };
            let (uid, gid) = (uid.parse().ok()?, gid.parse().ok()?);
            let home = if home.is_empty() { "/" } else { home };
            (*name == user).then(|| Self { uid, gid, home: home.into(), groups: vec![gid] })
        })
    }

    /// Lines `NAME:PASSWORD:GID:MEMBER,...`.
    fn with_members(mut self, user: &str, group: &str) -> Self {
        for line in group.lines() {
            let fields: Vec<&str> = line.split(':').collect();
            let [_, _, gid, members] = fields.as_slice() else { continue };
            if members.split(',').any(|member| member == user) {
                self.add(gid);
            }
        }
        self
    }

    /// `NAME GID...`.
    fn with_list(mut self, line: &str) -> Self {
        line.split_ascii_whitespace().skip(1).for_each(|gid| self.add(gid));
        self
    }

    fn add(&mut self, gid: &str) {
        if let Ok(gid) = gid.parse()
            && !self.groups.contains(&gid)
        {
            self.groups.push(gid);
        }
    }

    /// Groups first: afterwards it is too late for them.
    fn become_it(&self) -> Result<(), Failure> {
        let (uid, gid) = (Uid::from_raw(self.uid), Gid::from_raw(self.gid));
        let groups: Vec<Gid> = self.groups.iter().copied().map(Gid::from_raw).collect();
        // The only thread there is.
        set_thread_groups(&groups)
            .and_then(|()| set_thread_res_gid(gid, gid, gid))
            .and_then(|()| set_thread_res_uid(uid, uid, uid))
            .map_err(|error| {
                let error = std::io::Error::from(error);
                let text = format!("cannot become user {}: {error}", self.uid);
                Message::new(Status::Failed, text)
                    .with_help("root needs CAP_SETUID and CAP_SETGID here; or start it as that user")
                    .into()
            })
    }
}

/// What root has open is not for him; what systemd has opened for the service (`LISTEN_FDS`) is.
fn close_others() {
    const FIRST: i32 = 3;
    let kept = env::var("LISTEN_FDS").and_then(|count| count.parse().ok()).unwrap_or(0);
    let numbers: Vec<i32> = match fs::read_dir("/proc/self/fd") {
        Ok(entries) => {
            entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
        }
        Err(_) => (FIRST..1024).collect(),
    };
    for number in numbers.into_iter().filter(|number| *number >= FIRST.saturating_add(kept)) {
        // The one that they were read by is closed already. Nothing else of this program's is open.
        let _ = nix::unistd::close(number);
    }
}

/// What the host's name service knows; nothing where there is none.
fn getent(database: &str, key: &str) -> String {
    let output = Command::new("getent").args([database, key]).stdin(Stdio::null()).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::Account;

    #[test]
    fn an_account_is_read_with_its_groups() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\n\nshort:x\napp:x:1000:100:,,,:/srv/app:/bin/false\nbare:x:7:8:::\n";
        let group =
            "root:x:0:\nusers:x:100:other\nssl:x:20:other,app\nlog:x:30:app\nnot:x:40:apple\nbad:x:-1:app\n";
        let account = Account::of_line("app", passwd).map(|it| it.with_members("app", group));
        let wanted = Account { uid: 1000, gid: 100, home: "/srv/app".into(), groups: vec![100, 20, 30] };
        assert_eq!(account, Some(wanted));
        let bare = Account::of_line("bare", passwd).map(|it| it.with_list("bare 8 9 9\n"));
        assert_eq!(bare, Some(Account { uid: 7, gid: 8, home: "/".into(), groups: vec![8, 9] }));
        assert_eq!((Account::of_line("short", passwd), Account::of_line("", passwd)), (None, None));
    }
}
