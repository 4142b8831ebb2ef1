//! What the runtime remembers of a container between two commands: the content of `state.json`.
//!
//! It is written before the first effect of `create`, so that `delete --force` can undo whatever a killed
//! `create` left behind.

use super::{Bundle, HostMounts, Id, Process};
use crate::oci::{Hooks, Map, Spec, State, Status, Text, VERSION};
use crate::plan::cgroup;
use crate::timestamp;
use serde::{Deserialize, Serialize};

/// The form of the file; to be raised when an older program could misread a newer file.
const FORM: u32 = 1;

/// The state file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(crate) struct Record<'a> {
    form: u32,
    /// The container's id.
    pub(crate) id: Text<'a>,
    /// The absolute path of the bundle.
    pub(crate) bundle: Text<'a>,
    /// The absolute path of the root file system.
    pub(crate) rootfs: Text<'a>,
    /// When `create` began.
    pub(crate) created: Text<'a>,
    /// The annotations of config.json.
    pub(crate) annotations: Map<'a, Text<'a>>,
    /// The hooks that are still to run: poststart and poststop.
    pub(crate) hooks: Hooks<'a>,
    /// Whether its processes keep their caller's session keyring.
    #[serde(default)]
    pub(crate) no_new_keyring: bool,
    /// The container's groups, as soon as they are planned.
    pub(crate) cgroup: cgroup::Record,
    /// Where the container's mounts are the machine's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) host_mounts: Option<HostMounts<'a>>,
    /// The resctrl groups of this container alone, in the order of their removal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) resctrl: Vec<String>,
    /// The init process, as soon as there is one.
    pub(crate) init: Option<Process>,
    /// Whether `create` is complete.
    pub(crate) ready: bool,
    /// Whether it was paused before its start: nobody need look at its freezer otherwise until then.
    #[serde(default)]
    pub(crate) paused_early: bool,
}

impl<'a> Record<'a> {
    /// What is known before anything is done.
    pub(crate) fn new(id: &Id, bundle: &Bundle, spec: &Spec<'a>) -> Self {
        let root = spec.root.as_ref().map_or("", |root| root.path.as_str());
        let hooks = spec.hooks.as_ref();
        Self {
            form: FORM,
            id: id.to_string().into(),
            bundle: bundle.path.to_string_lossy().into_owned().into(),
            rootfs: bundle.path.join(root).to_string_lossy().into_owned().into(),
            created: timestamp::now().into(),
            annotations: spec.annotations.clone(),
            hooks: Hooks {
                poststart: hooks.map(|hooks| hooks.poststart.clone()).unwrap_or_default(),
                poststop: hooks.map(|hooks| hooks.poststop.clone()).unwrap_or_default(),
                ..Hooks::default()
            },
            no_new_keyring: false,
            cgroup: cgroup::Record::default(),
            host_mounts: None,
            resctrl: Vec::new(),
            init: None,
            ready: false,
            paused_early: false,
        }
    }

    /// The state of the spec, for hooks.
    pub(crate) fn state(&self, status: Status) -> State<'_> {
        State {
            oci_version: VERSION,
            id: &self.id,
            status,
            pid: self
                .init
                .filter(|_| status != Status::Stopped)
                .map(|init| init.pid),
            bundle: &self.bundle,
            annotations: &self.annotations,
        }
    }
}
