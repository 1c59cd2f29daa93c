//! Copies release trees. It must not let a later write reach the source: what tests and tools write
//! to is copied, only the code that nobody writes to may be shared.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// Copies a tree: contents, modes, symbolic links as they are.
pub(crate) fn copy_tree(from: &Path, to: &Path) {
    walk(from, to, false);
}

/// The same with hard links instead of copies of the files: their modes and contents are shared.
pub(crate) fn link_tree(from: &Path, to: &Path) {
    walk(from, to, true);
}

/// Copies a release: `lib/` and `erts-*` by hard links, all else for real.
pub(crate) fn copy_release(from: &Path, to: &Path) {
    must(to, fs::create_dir_all(to));
    for entry in must(from, fs::read_dir(from)) {
        let entry = must(from, entry);
        let name = entry.file_name();
        let code = name == "lib" || name.to_string_lossy().starts_with("erts-");
        walk(&entry.path(), &to.join(&name), code);
    }
}

fn walk(from: &Path, to: &Path, link: bool) {
    let meta = must(from, fs::symlink_metadata(from));
    if meta.is_symlink() {
        let target = must(from, fs::read_link(from));
        must(to, symlink(target, to));
    } else if meta.is_dir() {
        must(to, fs::create_dir_all(to));
        for entry in must(from, fs::read_dir(from)) {
            let name = must(from, entry).file_name();
            walk(&from.join(&name), &to.join(&name), link);
        }
        must(to, fs::set_permissions(to, meta.permissions()));
    } else if !link || fs::hard_link(from, to).is_err() {
        must(to, fs::copy(from, to));
    }
}

/// Replaces `from` by `to` at the start of the target of each symbolic link below `dir`.
pub(crate) fn retarget(dir: &Path, from: &Path, to: &Path) {
    for entry in must(dir, fs::read_dir(dir)) {
        let path = must(dir, entry).path();
        let meta = must(&path, fs::symlink_metadata(&path));
        if meta.is_dir() {
            retarget(&path, from, to);
        } else if meta.is_symlink() {
            let target = must(&path, fs::read_link(&path));
            if let Ok(rest) = target.strip_prefix(from) {
                must(&path, fs::remove_file(&path));
                must(&path, symlink(to.join(rest), &path));
            }
        }
    }
}

#[track_caller]
fn must<T>(path: &Path, result: std::io::Result<T>) -> T {
    result.unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}
