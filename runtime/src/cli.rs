//! The command line before the verb: the global options as typed, and what they mean.
//!
//! Each verb's own options stand with the verb, in `commands/`.

use crate::error::{Error, Kind, Result};
use crate::log;
use clap::Args;
use std::ffi::OsString;
use std::path::PathBuf;

/// Where containers' states are when nobody says otherwise.
const DEFAULT_ROOT: &str = "/run/corten-runtime";

// Not a doc comment: clap would take it for what the program is about.
// The global options, as typed.
#[derive(Debug, Args)]
pub(crate) struct GlobalArgs {
    /// Enable debug logging
    #[arg(long)]
    debug: bool,

    /// Write the log to FILE instead of standard error
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,

    /// The form of the log's lines: text or json
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    log_format: String,

    /// Keep the containers' states below DIR, which should be on a tmpfs [default: /run/corten-runtime]
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,

    /// Accepted for compatibility; criu is looked up in PATH
    #[arg(long, value_name = "PATH", hide = true)]
    criu: Option<OsString>,

    /// Let systemd make the cgroups: linux.cgroupsPath is then slice:prefix:name
    #[arg(long)]
    systemd_cgroup: bool,

    /// Whether the user's systemd makes the cgroups: true, false or auto
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    rootless: String,

    /// Write each step with its duration to FILE, as Chrome trace JSON
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
}

/// What the global options mean.
#[derive(Debug, Clone)]
pub(crate) struct Globals {
    /// The directory of the containers' states.
    pub(crate) root: PathBuf,
    /// Where the trace of the steps goes, if anywhere.
    pub(crate) trace: Option<PathBuf>,
    /// Whether systemd makes the cgroups.
    pub(crate) systemd_cgroup: bool,
    /// Whether it is the user's; none to see by the caller's rights.
    pub(crate) rootless: Option<bool>,
}

impl GlobalArgs {
    /// Where the log goes, and how it looks: wanted before anything else, so that all errors reach it.
    ///
    /// # Errors
    /// When there is no such format.
    pub(crate) fn log(&self) -> Result<log::Settings> {
        Ok(log::Settings {
            file: self.log.clone(),
            format: log::Format::parse(&self.log_format)?,
            debug: self.debug,
        })
    }

    /// Resolves the options against the environment of the caller.
    ///
    /// # Errors
    /// When a value is unknown or the option is not implemented.
    pub(crate) fn resolve(self) -> Result<Globals> {
        let unprivileged = !nix::unistd::geteuid().is_root();
        let rootless = parse_rootless(&self.rootless)?;
        let runtime_dir = std::env::var_os("XDG_RUNTIME_DIR")
            .filter(|_| self.root.is_none() && (unprivileged || is_root_of_a_user()));
        Ok(Globals {
            root: absolute(self.root.unwrap_or_else(|| default_root(runtime_dir))),
            trace: self.trace,
            systemd_cgroup: self.systemd_cgroup,
            rootless,
        })
    }
}

/// Only systemd's cgroups depend on it: others that the caller may not make are done without, unless limits need them.
fn parse_rootless(value: &str) -> Result<Option<bool>> {
    match value {
        "auto" => Ok(None),
        "true" | "1" | "t" | "T" | "TRUE" | "True" => Ok(Some(true)),
        "false" | "0" | "f" | "F" | "FALSE" | "False" => Ok(Some(false)),
        _ => Err(
            Error::new(Kind::Usage, format!("invalid value {value:?} for --rootless"))
                .hint("--rootless is true, false or auto"),
        ),
    }
}

/// Whether the caller is root of a user namespace only, as under a user's podman.
fn is_root_of_a_user() -> bool {
    let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let everything = map.split_whitespace().eq(["0", "0", "4294967295"]);
    !everything && std::env::var_os("USER").is_none_or(|user| user != "root")
}

/// A path that also means the same below a bundle. Without a working directory it stays as it is, and fails where it is used.
fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

fn default_root(runtime_dir: Option<OsString>) -> PathBuf {
    match runtime_dir {
        Some(dir) if !dir.is_empty() => PathBuf::from(dir).join("corten-runtime"),
        _ => PathBuf::from(DEFAULT_ROOT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rootless_is_true_false_or_auto() {
        for (value, meaning) in [
            ("auto", None),
            ("true", Some(true)),
            ("F", Some(false)),
            ("1", Some(true)),
        ] {
            assert_eq!(parse_rootless(value).unwrap(), meaning);
        }
        let error = parse_rootless("maybe").unwrap_err();
        assert_eq!(error.to_string(), "invalid value \"maybe\" for --rootless");
    }

    #[test]
    fn the_root_is_in_the_users_runtime_directory_when_there_is_one() {
        assert_eq!(default_root(None), PathBuf::from("/run/corten-runtime"));
        assert_eq!(
            default_root(Some(OsString::new())),
            PathBuf::from("/run/corten-runtime")
        );
        assert_eq!(
            default_root(Some("/run/user/7".into())),
            PathBuf::from("/run/user/7/corten-runtime")
        );
    }
}
