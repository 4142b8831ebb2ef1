//! `corten` with a store, a state directory and images of its own.

use crate::bundle::Runtime;
use crate::command::{Cmd, Out};
use crate::fault::{Fault, Server, Target};
use crate::layout::{Entry, Format, Image, Packing, archive};
use crate::{Case, programs};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// The image manager of one case.
#[derive(Debug)]
pub struct Engine<'a> {
    case: &'a Case,
    runtime: Option<PathBuf>,
}

impl<'a> Engine<'a> {
    /// With our own runtime.
    pub fn new(case: &'a Case) -> Self {
        Self { case, runtime: None }
    }

    /// With another runtime.
    pub fn with_runtime(case: &'a Case, runtime: &Runtime) -> Self {
        Self {
            case,
            runtime: Some(runtime.program().to_owned()),
        }
    }

    /// `corten` with its global options.
    pub fn cmd(&self) -> Cmd {
        let program = programs::ours("corten");
        // A peer runs with a view of cgroups that it accepts.
        let cmd = if self.runtime.is_some() {
            self.case.cmd_v1(program)
        } else {
            self.case.cmd(program)
        };
        let cmd = cmd
            .arg("--root")
            .arg(self.case.path("store"))
            .arg("--state-dir")
            .arg(self.case.path("state"));
        match &self.runtime {
            Some(runtime) => cmd.arg("--runtime").arg(runtime),
            None => cmd,
        }
    }

    /// `corten ARGS…`
    pub fn verb(&self, args: &[&str]) -> Cmd {
        self.cmd().args(args)
    }

    /// Pulls an image.
    #[track_caller]
    pub fn pull(&self, image: &str) -> Out {
        self.verb(&["pull", "--quiet", image]).ok()
    }

    /// Runs a command that prints an id, and returns the id.
    #[track_caller]
    pub fn id(&self, args: &[&str]) -> String {
        self.verb(args).ok().out().trim().to_owned()
    }

    /// `inspect` of one container or image.
    #[track_caller]
    pub fn inspect(&self, name: &str) -> Value {
        self.verb(&["inspect", name]).ok().json()[0].take()
    }

    /// The pid of a container's init.
    #[track_caller]
    pub fn pid(&self, name: &str) -> u32 {
        let inspected = self.inspect(name);
        let pid = inspected["State"]["Pid"]
            .as_u64()
            .and_then(|pid| u32::try_from(pid).ok());
        pid.unwrap_or_else(|| panic!("no pid in {inspected}"))
    }

    /// The bundle of a container, by its full id.
    pub fn bundle(&self, id: &str) -> PathBuf {
        self.case.path("store/containers").join(id)
    }

    /// No container is left in the store, no shim and no runtime state beside it.
    #[track_caller]
    pub fn assert_no_containers(&self) {
        let listed = self.verb(&["ps", "--all", "--quiet"]).ok().out();
        assert_eq!(listed, "", "containers are left");
        for dir in ["store/containers", "state/shims", "state/runtime"] {
            let left = entries(&self.case.path(dir));
            assert!(left.is_empty(), "left in {dir}: {left:?}");
        }
    }
}

fn entries(dir: &Path) -> Vec<PathBuf> {
    fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .map(|e| e.path())
        .collect()
}

/// A small image: the probe at `/probe`, which is the entrypoint; `config` overrides parts of its configuration.
#[track_caller]
pub fn probe_image(config: &Value) -> Image {
    let probe = fs::read(programs::probe()).expect("the probe");
    let passwd = "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:2000::/home/user:/bin/sh\n";
    let group = "root:x:0:\nusers:x:2000:\nextra:x:3000:user\n";
    let mut entries = vec![Entry::program("probe", probe)];
    entries.extend(["etc/", "tmp/", "proc/", "sys/", "dev/", "home/", "home/user/"].map(Entry::dir));
    entries.push(Entry::file("etc/passwd", passwd));
    entries.push(Entry::file("etc/group", group));
    let mut merged =
        json!({"Entrypoint": ["/probe"], "Cmd": ["say", "hello"], "Env": ["PATH=/", "IMAGE=yes"]});
    for (key, value) in config.as_object().into_iter().flatten() {
        merged[key] = value.clone();
    }
    Image::new(Format::Oci, Packing::Gzip, &[archive(&entries)], merged)
}

/// Serves an image without faults.
pub fn serve(image: Image) -> Server {
    Server::start(image, Target::Manifest, Fault::None)
}
