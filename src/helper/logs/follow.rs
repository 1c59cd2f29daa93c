//! Goes on with a log while it is written, over rotations. Sleeps until the kernel tells of a change.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::fs::inotify;
use rustix::io::Errno;

use super::Screen;
use crate::helper::log::{Filter, Mark, inode, own_heading};

/// Between two looks where the kernel does not tell: file systems of other hosts.
const PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 250_000_000 };
/// The same where it does; what it tells of can be lost.
const LONG_PAUSE: Timespec = Timespec { tv_sec: 5, tv_nsec: 0 };

/// Until the reader goes away, or a signal ends this process.
pub(super) fn on(
    screen: &mut Screen,
    filter: &mut Filter,
    mark: Option<Mark>,
    raw: bool,
    files: &dyn Fn() -> Vec<PathBuf>,
) -> io::Result<()> {
    // Before the first look, so that nothing comes in between.
    let watch = files().last().and_then(|path| path.parent().and_then(watch));
    let mut reader = Reader { mark, file: None, raw };
    loop {
        reader.catch_up(screen, filter, files)?;
        filter.flush(&mut screen.text);
        screen.flush()?;
        if !wait(watch.as_ref())? {
            return Ok(());
        }
    }
}

/// Told of every change in a directory; none where that is not to be had.
fn watch(directory: &Path) -> Option<OwnedFd> {
    let fd = inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK).ok()?;
    let changes = inotify::WatchFlags::MODIFY | inotify::WatchFlags::CREATE | inotify::WatchFlags::MOVED_TO;
    inotify::add_watch(&fd, directory, changes).ok()?;
    Some(fd)
}

/// Waits for a change; false when nobody reads any more.
fn wait(watch: Option<&OwnedFd>) -> io::Result<bool> {
    let stdout = io::stdout();
    // Without events to wait for, the end of the reader is still told.
    let mut all = vec![PollFd::new(&stdout, PollFlags::empty())];
    all.extend(watch.map(|fd| PollFd::new(fd, PollFlags::IN)));
    let pause = if watch.is_some() { LONG_PAUSE } else { PAUSE };
    match poll(&mut all, Some(&pause)) {
        Ok(_) | Err(Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    if all[0].revents().intersects(PollFlags::ERR | PollFlags::HUP) {
        return Ok(false);
    }
    if let Some(fd) = watch {
        // What has changed is seen by looking.
        let mut events = [0; 4096];
        while rustix::io::read(fd, &mut events).is_ok_and(|read| read > 0) {}
    }
    Ok(true)
}

struct Reader {
    /// What has been shown.
    mark: Option<Mark>,
    /// The file of the mark, held so that its inode stays its own.
    file: Option<File>,
    /// Whether the headings of files are shown.
    raw: bool,
}

impl Reader {
    /// Shows what is new in the file of the mark and in those after it.
    fn catch_up(
        &mut self,
        screen: &mut Screen,
        filter: &mut Filter,
        files: &dyn Fn() -> Vec<PathBuf>,
    ) -> io::Result<()> {
        loop {
            let paths = files();
            let here = self.mark.as_ref().map(|mark| mark.inode);
            let at = paths.iter().position(|path| here.is_some() && inode(path) == here);
            if self.file.is_none() {
                self.file = at.and_then(|at| File::open(&paths[at]).ok());
            }
            // The list was made before: whoever writes had left this file by then, if there is a next one.
            if let (Some(file), Some(mark)) = (&mut self.file, &mut self.mark) {
                drain(file, mark, self.raw, screen, filter)?;
            }
            let next = match at {
                Some(at) => paths.get(at + 1),
                // Removed: all that are there came later.
                None => paths.first(),
            };
            let Some(file) = next.and_then(|path| File::open(path).ok()) else { return Ok(()) };
            // Of the open file: the path may be another one's by now.
            self.mark = Some(Mark { inode: file.metadata()?.ino(), at: 0 });
            self.file = Some(file);
        }
    }
}

fn drain(
    file: &mut File,
    mark: &mut Mark,
    raw: bool,
    screen: &mut Screen,
    filter: &mut Filter,
) -> io::Result<()> {
    if file.metadata()?.len() < mark.at {
        mark.at = 0;
    }
    file.seek(SeekFrom::Start(mark.at))?;
    let mut block = vec![0; 64 * 1024];
    loop {
        match file.read(&mut block) {
            Ok(0) => return Ok(()),
            Ok(read) => {
                let own = if mark.at == 0 && !raw { own_heading(&block[..read]) } else { 0 };
                mark.at += read as u64;
                screen.show(filter, &block[own..read])?;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
