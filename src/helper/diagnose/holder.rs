//! Who listens on a port of this host: read from /proc, asks nobody.

use std::fs;

/// A process that listens, as far as this user may see it.
pub(in crate::helper) struct Holder {
    pid: Option<i32>,
    program: Option<String>,
    user: u32,
}

impl Holder {
    /// Of this TCP port.
    pub(in crate::helper) fn of(port: u16) -> Option<Self> {
        Self::of_any(&[port]).map(|(_, holder)| holder)
    }

    /// Of the first of these ports that somebody listens on.
    pub(super) fn of_any(ports: &[u16]) -> Option<(u16, Self)> {
        if ports.is_empty() {
            return None;
        }
        let tables =
            ["/proc/net/tcp", "/proc/net/tcp6"].map(|file| fs::read_to_string(file).unwrap_or_default());
        let all: Vec<_> = tables.iter().flat_map(|table| table.lines()).filter_map(listener).collect();
        let (port, user, inode) =
            ports.iter().find_map(|port| all.iter().find(|(listened, ..)| listened == port))?;
        let pid = process(&format!("socket:[{inode}]"));
        let program = pid.and_then(|pid| fs::read_to_string(format!("/proc/{pid}/comm")).ok());
        let program = program.map(|name| super::term::safe(name.trim_end()));
        Some((*port, Self { pid, program, user: *user }))
    }
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.pid, &self.program) {
            (Some(pid), Some(program)) => write!(f, "{program} (pid {pid})"),
            (Some(pid), None) => write!(f, "pid {pid}"),
            (None, _) => write!(f, "a process of user {}", self.user),
        }
    }
}

/// `0: 0100007F:1F90 00000000:0000 0A ... UID 0 INODE`: port, user and inode of one that listens.
fn listener(line: &str) -> Option<(u16, u32, String)> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let [_, local, _, "0A", _, _, _, user, _, inode, ..] = fields.as_slice() else { return None };
    let (_, hex) = local.split_once(':')?;
    Some((u16::from_str_radix(hex, 16).ok()?, user.parse().ok()?, (*inode).to_owned()))
}

/// The process that has the socket open.
fn process(socket: &str) -> Option<i32> {
    let all = fs::read_dir("/proc").ok()?.flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.into_iter().find(|pid| {
        let files = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        files.filter_map(|file| fs::read_link(file.path()).ok()).any(|link| link.as_os_str() == socket)
    })
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::Holder;

    #[test]
    fn this_process_is_found_by_its_port() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let told = Holder::of(port).expect("it listens").to_string();
        assert!(told.ends_with(&format!("(pid {})", std::process::id())), "{told}");
        drop(listener);
        assert!(Holder::of(port).is_none());
    }
}
