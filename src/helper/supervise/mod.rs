//! `supervise ... -- ERLEXEC [ARG...]`: the parent of a node in the foreground, and of one in the background where erts has
//! no run_erl. A thin loop over signals, ends of children and datagrams: whatever takes longer is a child, so it never
//! blocks and stays small. It decides nothing about the node but when to begin which child; see `stages`.

mod channel;
mod input;
mod notify;
mod pump;
mod request;
mod signals;
mod slim;
mod spawn;
mod stages;
mod watchdog;

pub(super) use channel::{FILE as SOCKET, announce};
pub(super) use signals::Ignored;

use std::convert::Infallible;
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, PipeReader};
use std::os::unix::process::CommandExt;
use std::process::{Stdio, exit};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use self::channel::{Channel, Visitor};
use self::input::Input;
use self::pump::Pump;
use self::request::Request;
use self::signals::Signals;
use self::spawn::Role;
use self::stages::Stages;
use super::env::Instance;
use super::prepare;
use crate::error::{Failure, Message, Status};

/// What can wake the supervisor, next to the children that `stages` knows.
struct Sources {
    signals: Signals,
    channel: Option<Channel>,
    input: Option<Input>,
    pump: Option<Pump>,
    /// Commands that are at work on the node.
    visitors: Vec<Visitor>,
    /// What the process that waits for the node tells of it.
    progress: Option<BufReader<PipeReader>>,
}

/// Ends as the node has ended.
pub(super) fn run(arguments: Vec<OsString>) -> Result<Infallible, Failure> {
    let request = Request::parse(arguments)?;
    let instance = Instance::from_env()?;
    if request.detached() {
        // It is the leader of one already where a job-controlling shell has started it.
        let _ = rustix::process::setsid();
    }
    let failed = |what: &str, error: &io::Error| -> Failure {
        Message::new(Status::Failed, format!("cannot {what}: {error}")).into()
    };
    let mut sources = Sources {
        signals: Signals::install().map_err(|error| failed("handle signals", &error))?,
        channel: Channel::open(&instance.state).ok(),
        input: None,
        pump: None,
        visitors: Vec::new(),
        progress: None,
    };
    let mut stages = Stages::new(request, instance);
    start(&mut sources, &mut stages).map_err(|error| failed("start the node", &error))?;
    let (status, failed) = loop {
        step(&mut sources, &mut stages)?;
        if let Some(end) = stages.end() {
            break end;
        }
    };
    drop(sources);
    if let Some(mut command) = stages.after(status, failed) {
        let error = command.exec();
        return Err(Message::new(Status::PostFailed, format!("cannot run /bin/sh: {error}")).into());
    }
    exit(if status == 0 && failed { Status::PostFailed as i32 } else { status });
}

/// Starts the VM, and what waits for it.
fn start(sources: &mut Sources, stages: &mut Stages) -> io::Result<()> {
    let mut command = stages.vm();
    if let Some((files, bytes)) = stages.request.log {
        let log = &stages.instance.log;
        let (pump, to) = Pump::open(log, files, bytes)
            .map_err(|error| io::Error::other(prepare::cannot_write(log, &error).to_string()))?;
        command.stdin(Stdio::null()).stdout(to.try_clone()?).stderr(to);
        sources.pump = Some(pump);
    } else if let Some((input, from)) = Input::open()? {
        command.stdin(from);
        sources.input = Some(input);
    }
    stages.booting();
    stages.children.spawn(Role::Vm, &mut command)?;
    stages.vm_is_there();
    // It holds the other ends of the pipes.
    drop(command);
    Ok(())
}

/// Waits for the next thing to happen, and handles all that has.
fn step(sources: &mut Sources, stages: &mut Stages) -> Result<(), Failure> {
    if let Some(from) = stages.progress.take() {
        sources.progress = Some(BufReader::with_capacity(256, from));
    }
    if stages.settles() {
        slim::program();
    }
    let ready = ready(sources, stages.deadline())?;
    for signal in sources.signals.take() {
        stages.signal(signal);
    }
    // Before the commands at work: one that has stopped the node ends after it.
    let mut ends: Vec<_> = std::iter::from_fn(|| stages.children.reap()).collect();
    // The kernel tells of them in its own order; what has stopped the VM has ended after it.
    ends.sort_by_key(|(role, _)| *role != Role::Vm);
    for (role, status) in ends {
        stages.ended(role, status);
    }
    sources.visitors.retain(|visitor| {
        let over = poll(&mut [PollFd::new(&visitor.end, PollFlags::IN)], Some(&NOW)) != Ok(0);
        if over {
            stages.left(visitor.work);
        }
        !over
    });
    while let Some(visitor) = sources.channel.as_ref().and_then(Channel::take) {
        // What our own children say is no news.
        if !stages.children.is_one(visitor.pid) {
            stages.came(visitor.work);
            sources.visitors.push(visitor);
        }
    }
    if ready.progress {
        read_progress(sources, stages);
    }
    if sources.input.as_mut().is_some_and(|input| !input.advance(ready.input)) {
        sources.input = None;
    }
    if ready.pump
        && let Some(pump) = &mut sources.pump
    {
        pump.advance();
    }
    stages.on_time();
    for text in stages.messages.drain(..) {
        match &mut sources.pump {
            Some(pump) => pump.say(&text),
            None => super::tell(&text),
        }
    }
    Ok(())
}

/// Lines come whole.
fn read_progress(sources: &mut Sources, stages: &mut Stages) {
    while let Some(reader) = &mut sources.progress {
        let mut line = String::new();
        match reader.read_line(&mut line) {
            Ok(1..) => stages.waiter_says(line.trim_end()),
            _ => sources.progress = None,
        }
        if sources.progress.as_ref().is_some_and(|reader| reader.buffer().is_empty()) {
            break;
        }
    }
}

const NOW: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// What has something to read.
#[derive(Default)]
struct Ready {
    progress: bool,
    input: bool,
    pump: bool,
}

fn ready(sources: &Sources, deadline: Option<Instant>) -> Result<Ready, Failure> {
    let mut fds = vec![PollFd::new(&sources.signals.wake, PollFlags::IN)];
    fds.extend(sources.channel.as_ref().map(|it| PollFd::new(&it.socket, PollFlags::IN)));
    fds.extend(sources.visitors.iter().map(|visitor| PollFd::new(&visitor.end, PollFlags::IN)));
    let progress = sources.progress.as_ref().map(|it| PollFd::new(it.get_ref(), PollFlags::IN));
    let progress = add(&mut fds, progress);
    let input = add(&mut fds, sources.input.as_ref().map(Input::wants));
    let pump = add(&mut fds, sources.pump.as_ref().and_then(Pump::wants));
    let deadline = sources.input.as_ref().and_then(Input::deadline).into_iter().chain(deadline).min();
    let left = deadline.map(|deadline| {
        let left = deadline.saturating_duration_since(Instant::now());
        Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: left.subsec_nanos().into() }
    });
    match poll(&mut fds, left.as_ref()) {
        Ok(_) | Err(Errno::INTR) => {}
        Err(error) => {
            let text = format!("cannot wait: {}", io::Error::from(error));
            return Err(Message::new(Status::Failed, text).into());
        }
    }
    let is = |at: Option<usize>| at.is_some_and(|at| !fds[at].revents().is_empty());
    Ok(Ready { progress: is(progress), input: is(input), pump: is(pump) })
}

/// Gives its index.
fn add<'a>(fds: &mut Vec<PollFd<'a>>, fd: Option<PollFd<'a>>) -> Option<usize> {
    fds.push(fd?);
    Some(fds.len() - 1)
}
