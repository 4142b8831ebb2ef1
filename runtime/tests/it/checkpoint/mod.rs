//! `checkpoint` and `restore` by CRIU. `CORTEN_CRIU` names the program; without it the one in PATH serves.

mod killed;
mod options;
mod round_trip;

use crate::bundle::Bundle;
use crate::skip;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

/// PATH with a CRIU that works on this kernel; why there is none otherwise.
fn path_with_criu() -> &'static Result<OsString, String> {
    static FOUND: OnceLock<Result<OsString, String>> = OnceLock::new();
    FOUND.get_or_init(|| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let own = std::env::var_os("CORTEN_CRIU").map(PathBuf::from);
        let dir = own.as_deref().and_then(Path::parent).map(Path::to_owned);
        let dirs = dir.into_iter().chain(std::env::split_paths(&path));
        let path = std::env::join_paths(dirs).unwrap();
        match Command::new("criu").arg("check").env("PATH", &path).output() {
            Ok(output) if output.status.success() => Ok(path),
            Ok(output) => Err(format!(
                "criu check: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            )),
            Err(error) => Err(format!("criu: {error}")),
        }
    })
}

/// A bundle whose images and CRIU's logs are beside it; none, counted as skipped, without CRIU.
struct Saved {
    bundle: Bundle,
}

impl Saved {
    fn new(name: &str, script: &str) -> Option<Self> {
        match path_with_criu() {
            Ok(_) => {
                let bundle = Bundle::new(name, script);
                // CRIU cannot restore a read-only root.
                bundle.edit(|config| config["root"]["readonly"] = false.into());
                Some(Self { bundle })
            }
            Err(reason) => {
                skip(reason);
                None
            }
        }
    }

    /// A verb with its options, images and working directory.
    fn criu(&self, args: &[&str]) -> Command {
        let mut command = self.bundle.command(args);
        let path = path_with_criu().as_ref().unwrap();
        command.env("PATH", path).arg("--image-path").arg(self.images());
        command.arg("--work-path").arg(self.bundle.file("work"));
        command.arg(self.bundle.id());
        command
    }

    fn images(&self) -> PathBuf {
        self.bundle.file("images")
    }

    /// Starts the container, detached from our streams.
    fn start(&self) {
        // Not even stderr: CRIU refuses a file there that has grown since, such as the log of a test run.
        let mut create = self.bundle.command(&["create", self.bundle.id()]);
        let create = create.stdout(Stdio::null()).stderr(Stdio::null());
        assert!(create.status().unwrap().success());
        self.bundle.must(&["start"]);
    }

    fn checkpoint(&self, options: &[&str]) {
        succeeded(&self.criu(&[&["checkpoint"], options].concat()).output().unwrap());
    }

    /// Brings the container back, detached, without output.
    fn restore(&self, options: &[&str]) {
        let mut restore = self.criu(&[&["restore", "--detach"], options].concat());
        let errors = self.bundle.file("errors");
        let status = restore
            .stdout(Stdio::null())
            .stderr(fs::File::create(&errors).unwrap());
        let status = status.status().unwrap();
        assert!(status.success(), "{}", fs::read_to_string(errors).unwrap());
    }

    /// The whole error of a verb that must fail with 1.
    fn refused(&self, args: &[&str]) -> String {
        let output = self.criu(args).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{errors}");
        errors
    }

    /// Runs a command in the container and returns its output.
    fn exec(&self, script: &str) -> String {
        let mut exec = self
            .bundle
            .command(&["exec", self.bundle.id(), "sh", "-c", script]);
        succeeded(&exec.output().unwrap())
    }
}

fn succeeded(output: &Output) -> String {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Makes FIFOs in the root file system.
fn make_fifos(bundle: &Bundle, names: &[&str]) {
    for name in names {
        nix::unistd::mkfifo(&bundle.file("rootfs").join(name), nix::sys::stat::Mode::S_IRWXU).unwrap();
    }
}
