//! The generator's command line as types; no behaviour.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Boot kits for Erlang and Elixir releases.
#[derive(Debug, Parser)]
#[command(
    name = "relboot",
    version,
    after_help = "Examples:\n  relboot init\n  relboot generate\n  relboot generate --check _build/prod/rel/demo\n  relboot tar"
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write rel/relboot.toml and rel/vm.args.j2 into a project
    Init(Init),
    /// Write the kit into a release
    Generate(Generate),
    /// Pack one version of a release with its kit
    Tar(Tar),
}

/// `relboot init`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  relboot init\n  relboot init apps/demo --force")]
pub struct Init {
    /// The project: where mix.exs or rebar.config is
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// Overwrite files that are there
    #[arg(long)]
    pub force: bool,
}

/// `relboot generate`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  relboot generate                                 the newest release in _build/*/rel/
  relboot generate _build/prod/rel/demo
  relboot generate --check                         exit status 1 when the kit is not up to date
  relboot generate --helper target/relboot-helper  a helper for another processor")]
pub struct Generate {
    /// The release [default: the newest in _build/*/rel/]
    pub release_dir: Option<PathBuf>,
    /// Write nothing, print what would change as a diff; exit 1 when something would
    #[arg(long, conflicts_with_all = ["force", "dry_run"])]
    pub check: bool,
    /// Overwrite files that were changed by hand
    #[arg(long)]
    pub force: bool,
    /// The configuration [default: rel/relboot.toml of the project]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The helper to put into the kit [default: the one installed with relboot]
    #[arg(long, value_name = "PATH")]
    pub helper: Option<PathBuf>,
    /// Write nothing, list what would be written
    #[arg(long)]
    pub dry_run: bool,
}

/// `relboot tar`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  relboot tar
  relboot tar _build/prod/rel/demo --output /srv/demo/releases/demo-0.2.0.tar.gz")]
pub struct Tar {
    /// The release [default: the newest in _build/*/rel/]
    pub release_dir: Option<PathBuf>,
    /// The archive [default: NAME-VSN.tar.gz here]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}
