//! The options that `checkpoint` and `restore` share.

use crate::error::{Error, Kind, Result};
use crate::launch::criu::Options;
use crate::plan::criu::CgroupsMode;
use clap::Args;
use std::path::{Path, PathBuf};

/// Where the images are without --image-path.
const DEFAULT_IMAGES: &str = "checkpoint";

/// How CRIU works, as typed.
#[derive(Debug, Args)]
pub(super) struct CriuArgs {
    /// The directory of CRIU's images [default: ./checkpoint]
    #[arg(long, value_name = "DIR")]
    image_path: Option<PathBuf>,

    /// The directory of CRIU's log and other working files [default: that of the images]
    #[arg(long, value_name = "DIR")]
    work_path: Option<PathBuf>,

    /// Allow open TCP connections
    #[arg(long)]
    tcp_established: bool,

    /// Allow unix sockets that lead outside
    #[arg(long)]
    ext_unix_sk: bool,

    /// Allow processes of the caller's session and terminal
    #[arg(long)]
    shell_job: bool,

    /// Use userfaultfd: pages of memory come when they are needed
    #[arg(long)]
    lazy_pages: bool,

    /// Look after file locks
    #[arg(long)]
    file_locks: bool,

    /// What to do about the properties of cgroups: soft, full, strict or ignore
    #[arg(long, value_name = "MODE", default_value = "soft")]
    manage_cgroups_mode: String,

    /// Make the namespace, but leave what was in it to somebody else: network
    #[arg(long, value_name = "NAMESPACE")]
    empty_ns: Vec<String>,

    /// Keep each page of memory once among images that follow each other
    #[arg(long)]
    auto_dedup: bool,
}

impl CriuArgs {
    /// What the options mean.
    ///
    /// # Errors
    /// For an unknown mode or namespace.
    pub(super) fn options(self) -> Result<Options> {
        let cgroups = CgroupsMode::parse(&self.manage_cgroups_mode).ok_or_else(|| {
            let message = format!("invalid manage-cgroups-mode value {:?}", self.manage_cgroups_mode);
            Error::new(Kind::Usage, message).hint("it is soft, full, strict or ignore")
        })?;
        if let Some(other) = self.empty_ns.iter().find(|name| *name != "network") {
            let message = format!("namespace {other:?} is not supported by --empty-ns");
            return Err(Error::new(Kind::Usage, message).hint("only network is"));
        }
        Ok(Options {
            images: absolute(
                self.image_path
                    .as_deref()
                    .unwrap_or_else(|| Path::new(DEFAULT_IMAGES)),
            )?,
            work: self.work_path.as_deref().map(absolute).transpose()?,
            cgroups,
            empty_network: !self.empty_ns.is_empty(),
            tcp_established: self.tcp_established,
            ext_unix_sockets: self.ext_unix_sk,
            shell_job: self.shell_job,
            file_locks: self.file_locks,
            auto_dedup: self.auto_dedup,
            lazy_pages: self.lazy_pages,
        })
    }
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(|error| {
        let call = format!("getcwd for {}", path.display());
        Error::syscall(call, error.raw_os_error().unwrap_or(0))
    })
}
