//! What goes into a kit: a release and a configuration become a list of files. Pure but for the
//! submodules that say otherwise; only [`emit`] writes.

pub mod assets;
pub mod compare;
pub mod diff;
pub mod emit;
mod error;
pub mod helper;
pub mod manifest;
pub mod overlay;
pub mod records;
mod render;
pub mod tarball;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;

pub use self::error::KitError;
use self::manifest::Manifest;
use self::overlay::OverlayFile;
use crate::config::{Config, Seconds, Sizing, UserName, Where};
use crate::names::ReleaseName;
use crate::release::{Kind, Release};

/// The version of relboot, and of the kits it writes.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The run-time template's name in `releases/VSN/`.
pub const TEMPLATE: &str = "vm.args.j2";

/// The same of sys.config; the helper looks for it by itself.
pub const CONFIG_TEMPLATE: &str = "sys.config.j2";

/// The first words of `bin/NAME` after its shebang, by which it is recognised.
pub const ENTRY_MARK: &str = "# relboot entry";

/// What the configuration means for one version of one release.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The tool that made the release.
    pub kind: Kind,
    /// The release's name.
    pub name: ReleaseName,
    /// The version that the kit is for.
    pub vsn: String,
    /// The version of erts it runs on.
    pub erts_vsn: String,
    /// Whether Elixir is among the applications.
    pub elixir: bool,
    /// Whether vm.args is rendered at start.
    pub template: bool,
    /// Whether the host decides the flags that nobody wrote.
    pub sizing: bool,
    /// What is set against that, one `FLAG=VALUE` in each line.
    pub flags: String,
    /// Whether `eval` asks the running node.
    pub eval_on_node: bool,
    /// How long the node may take to boot, in seconds.
    pub start_timeout: u32,
    /// How long the node may take to stop, in seconds.
    pub stop_timeout: u32,
    /// Whether a node that does not end by SIGTERM is killed.
    pub stop_kill: bool,
    /// Whether it writes a crash dump before that.
    pub stop_dump: bool,
    /// Whether the helper stays as the parent of a node in the foreground.
    pub supervise: bool,
    /// How long such a node may give no answer, in seconds; 0: it is not asked.
    pub watchdog: u32,
    /// Whom root becomes before anything is done; empty: it stays root.
    pub user: String,
    /// How many log files of a node in the background there are at most.
    pub log_files: u32,
    /// How many bytes one has at most.
    pub log_bytes: u32,
    /// How many crash dumps are kept.
    pub crash_dumps: u32,
    /// How long an executed hook may run, in seconds.
    pub hook_timeout: u32,
}

impl Plan {
    /// `template`: whether there is a run-time template, the project's or one in the release.
    #[must_use]
    pub fn new(release: &Release, config: &Config, template: bool) -> Self {
        Self {
            kind: release.kind,
            name: release.name.clone(),
            vsn: release.vsn.clone(),
            erts_vsn: release.erts_vsn.clone(),
            elixir: release.has_elixir(),
            template,
            sizing: config.vm.sizing == Sizing::Auto,
            flags: config.vm.flags.to_text(),
            eval_on_node: config.commands.eval == Where::Node,
            start_timeout: config.start.timeout.get(),
            stop_timeout: config.stop.timeout.get(),
            stop_kill: config.stop.kill,
            stop_dump: config.stop.dump,
            supervise: config.supervise.enabled,
            watchdog: config.supervise.watchdog.map_or(0, Seconds::get),
            user: config.run.user.as_ref().map_or("", UserName::as_str).to_owned(),
            log_files: config.logs.files.get(),
            log_bytes: config.logs.bytes.get(),
            crash_dumps: config.logs.crash_dumps.get(),
            hook_timeout: config.hooks.timeout.get(),
        }
    }
}

/// How a file is treated that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Belongs to the kit of this version: replaced, unless a person has changed it.
    Kit,
    /// `bin/NAME`, shared by all versions: replaced when a kit or a release tool wrote it.
    Entry,
    /// The list of the kit's files: always replaced.
    Manifest,
    /// Written when absent, then left alone; not in the manifest.
    Once,
    /// `releases/RELEASES`, which `release_handler` keeps: written when absent, or when it does not
    /// describe this version; not in the manifest.
    Record,
}

/// A file as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Relative to the release, with `/`.
    pub path: String,
    /// Its content.
    pub bytes: Vec<u8>,
    /// Its permissions, such as `0o644`.
    pub mode: u32,
    /// What to do when there is one.
    pub rule: Rule,
}

/// What a kit is made of besides relboot's own scripts.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    /// The helper binary.
    pub helper: Vec<u8>,
    /// The project's template of vm.args.
    pub template: Option<Vec<u8>>,
    /// The project's template of sys.config.
    pub config_template: Option<Vec<u8>>,
    /// The project's `rel/boot/`.
    pub overlay: Vec<OverlayFile>,
}

/// All files of the kit for `release`, sorted by path, its manifest among them.
#[must_use]
pub fn files(release: &Release, plan: &Plan, parts: &Parts) -> Vec<Planned> {
    let boot = release.boot_dir();
    let mut files = BTreeMap::new();
    let mut put = |path: String, bytes: Vec<u8>, mode: u32, rule: Rule| {
        files.insert(path.clone(), Planned { path, bytes, mode, rule });
    };
    for asset in assets::ASSETS {
        let (path, rule) = match asset.path.strip_prefix("boot/") {
            Some(rest) => (format!("{boot}/{rest}"), Rule::Kit),
            None => (asset.path.to_owned(), Rule::Once),
        };
        put(path, asset.bytes.into(), asset.mode(), rule);
    }
    for file in &parts.overlay {
        put(format!("{boot}/{}", file.path), file.bytes.clone(), file.mode, Rule::Kit);
    }
    put(format!("{boot}/settings.sh"), render::settings(plan), 0o644, Rule::Kit);
    put(format!("{boot}/{}", helper::NAME), parts.helper.clone(), 0o755, Rule::Kit);
    if let Some(template) = &parts.template {
        put(format!("{}/{TEMPLATE}", release.version_dir()), template.clone(), 0o644, Rule::Kit);
    }
    if let Some(template) = &parts.config_template {
        put(format!("{}/{CONFIG_TEMPLATE}", release.version_dir()), template.clone(), 0o644, Rule::Kit);
    }
    put(format!("bin/{}", release.name), render::entry(plan), 0o755, Rule::Entry);
    put("releases/RELEASES".into(), records::releases(release).into(), 0o644, Rule::Record);
    put("releases/start_erl.data".into(), records::start_data(release).into(), 0o644, Rule::Once);
    let mut files: Vec<_> = files.into_values().collect();
    let manifest = Manifest::of(&files).to_text().into_bytes();
    let path = manifest_path(release);
    files.push(Planned { path, bytes: manifest, mode: 0o644, rule: Rule::Manifest });
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// The manifest of this version's kit, relative to the release.
#[must_use]
pub fn manifest_path(release: &Release) -> String {
    format!("{}/manifest.toml", release.boot_dir())
}
