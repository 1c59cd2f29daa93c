//! `relboot generate`: writes the kit into a release, or shows what writing would change.

use super::project::Project;
use super::{describe, release, shown, terminal};
use crate::cli::Generate;
use crate::error::{Failure, Message, Status};
use crate::kit::compare::{Action, Comparison, compare};
use crate::kit::manifest::Manifest;
use crate::kit::{self, Parts, Plan, TEMPLATE, diff, emit, helper, manifest_path};
use crate::release::Release;

pub(super) fn run(options: &Generate) -> Result<Status, Failure> {
    let release = release(options.release_dir.as_deref(), "generate")?;
    let project = Project::open(&release.root, options.config.as_deref())?;
    let helper = load_helper(options, &release)?;
    let parts = Parts {
        helper,
        template: project.template,
        config_template: project.config_template,
        overlay: project.overlay,
    };
    let template = parts.template.is_some() || has_template_of_its_own(&release)?;
    let plan = Plan::new(&release, &project.config, template);
    let files = kit::files(&release, &plan, &parts);
    let comparison = compare(&release, &files)?;
    if options.check {
        return check(&release, &comparison);
    }
    if options.dry_run {
        return list(&comparison, options.force);
    }
    emit::write(&release.root, &comparison, options.force)?;
    terminal::print(&summary(&release, files.len(), comparison.changes.len()))?;
    Ok(Status::Done)
}

fn load_helper(options: &Generate, release: &Release) -> Result<Vec<u8>, Failure> {
    let exe = std::env::current_exe()
        .map_err(|error| Message::new(Status::Failed, format!("relboot's own path: {error}")))?;
    let path = helper::find(options.helper.as_deref(), &exe)?;
    let helper = helper::load(&path, release.machine)?;
    if let Some(warning) = helper.warning {
        terminal::note(&format!("warning: {warning}"));
    }
    Ok(helper.bytes)
}

/// A build tool may have put a template there by itself; one that a former kit brought does not count.
fn has_template_of_its_own(release: &Release) -> Result<bool, Failure> {
    let path = format!("{}/{TEMPLATE}", release.version_dir());
    let manifest = Manifest::read(&release.root.join(manifest_path(release)))?.unwrap_or_default();
    let from_a_kit = manifest.files.iter().any(|file| file.path == path);
    Ok(!from_a_kit && release.root.join(path).is_file())
}

fn check(release: &Release, comparison: &Comparison<'_>) -> Result<Status, Failure> {
    if comparison.changes.is_empty() {
        return Ok(Status::Done);
    }
    let text: String = comparison.changes.iter().map(diff::unified).collect();
    terminal::print_diff(&text)?;
    let count = comparison.changes.len();
    let files = if count == 1 { "1 file differs" } else { &format!("{count} files differ") };
    let message = format!("kit of {} {}: {files}", release.name, release.vsn);
    let help = format!("relboot generate {}", shown(&release.root));
    Err(Message::new(Status::Failed, message).with_help(help).into())
}

fn list(comparison: &Comparison<'_>, force: bool) -> Result<Status, Failure> {
    let lines: String = comparison
        .changes
        .iter()
        .map(|change| {
            let word = match change.action {
                Action::Create => "create",
                Action::Replace => "replace",
                Action::Chmod => "chmod",
                Action::Remove => "remove",
            };
            format!("{word:7} {}\n", change.path)
        })
        .collect();
    terminal::print(&lines)?;
    if force || comparison.refused.is_empty() {
        return Ok(Status::Done);
    }
    Err(kit::KitError::Refused(comparison.refused.clone()).into())
}

fn summary(release: &Release, files: usize, changes: usize) -> String {
    let what = describe(release);
    if changes == 0 {
        return format!("kit of {what}: {files} files, all up to date\n");
    }
    let entry = release.root.join("bin").join(release.name.as_str());
    format!("wrote kit of {what}: {files} files\nnext: {} help\n", shown(&entry))
}
