//! `restore`: brings a saved container back.

use super::Verb;
use super::bundle_args::{cgroup_driver, wants_terminal};
use super::criu_args::CriuArgs;
use crate::cli::Globals;
use crate::container::{self, Bundle, Id, Restore, foreground};
use crate::error::{Error, Kind, Result};
use crate::launch::Console;
use clap::Args;
use std::path::PathBuf;

/// Bring a container back from the files of a `checkpoint`
#[derive(Debug, Args)]
pub(super) struct RestoreArgs {
    #[command(flatten)]
    criu: CriuArgs,

    /// The directory with config.json [default: the current directory]
    #[arg(
        short,
        long,
        value_name = "DIR",
        default_value = ".",
        hide_default_value = true
    )]
    bundle: PathBuf,

    /// Return as soon as the container is back
    #[arg(short, long)]
    detach: bool,

    /// Write the pid of the container's init to FILE
    #[arg(long, value_name = "FILE")]
    pid_file: Option<PathBuf>,

    /// The unix socket that receives the master of the container's terminal
    #[arg(long, value_name = "PATH")]
    console_socket: Option<PathBuf>,

    /// Do not become the parent of the container's orphans
    #[arg(long)]
    no_subreaper: bool,

    /// `-no-subreaper`, as containerd writes it
    #[arg(short = 'n', hide = true, value_parser = ["o-subreaper"])]
    one_dash: Option<String>,

    /// Accepted for compatibility: CRIU enters the root in its own way
    #[arg(long)]
    no_pivot: bool,

    /// Run under this profile instead of the saved one: TYPE:NAME
    #[arg(long, value_name = "TYPE:NAME")]
    lsm_profile: Option<String>,

    /// Mount with this context instead of the saved one
    #[arg(long, value_name = "CONTEXT")]
    lsm_mount_context: Option<String>,

    /// The container's id
    #[arg(value_name = "CONTAINER-ID")]
    id: String,
}

impl Verb for RestoreArgs {
    const NAME: &'static str = "restore";
    const ABOUT: &'static str = "restore a container from a previous checkpoint";

    fn run(self, globals: &Globals) -> Result<u8> {
        let id = Id::parse(&self.id)?;
        let bundle = Bundle::read(&self.bundle)?;
        let spec = bundle.spec()?;
        let terminal = wants_terminal(&spec);
        self.check_console(terminal)?;
        let request = Restore {
            root: &globals.root,
            id: &id,
            bundle: &bundle,
            spec: &spec,
            pid_file: self.pid_file.as_deref(),
            options: self.criu.options()?,
            lsm_profile: self.lsm_profile,
            lsm_mount_context: self.lsm_mount_context,
            cgroups: cgroup_driver(globals),
        };
        if self.detach {
            let console = self
                .console_socket
                .as_deref()
                .map_or(Console::None, Console::Socket);
            return container::restore_detached(&request, console).map(|()| 0);
        }
        let options = foreground::Options {
            terminal,
            keep: false,
            subreaper: !self.no_subreaper && self.one_dash.is_none(),
        };
        foreground::restore(&request, &options)
    }
}

impl RestoreArgs {
    fn check_console(&self, terminal: bool) -> Result<()> {
        match (terminal, &self.console_socket) {
            (true, None) if self.detach => Err(Error::new(
                Kind::Usage,
                "cannot allocate tty if the runtime will detach without setting console socket",
            )
            .hint("give --console-socket, or restore without --detach")),
            (true, Some(_)) if self.detach => Ok(()),
            (_, Some(_)) => Err(Error::new(
                Kind::Usage,
                "cannot use console socket if the runtime will not detach or allocate tty",
            )
            .hint("leave --console-socket out")),
            _ => Ok(()),
        }
    }
}
