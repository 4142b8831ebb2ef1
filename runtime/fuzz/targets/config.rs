//! Any bytes as config.json: a clear error, or a plan whose every operation can be told in words and as JSON.
#![no_main]

use corten_runtime::host::cgroup::Layout;
use corten_runtime::plan::{self, Facts, Wish, cgroup};
use libfuzzer_sys::fuzz_target;

const WISH: Wish<'static> = Wish {
    id: "c",
    bundle: "/b",
    rootfs: "/b/rootfs",
    no_pivot: false,
    no_new_keyring: false,
    preserve_fds: 0,
    listen_fds: 0,
    listen_env: &[],
    start_socket: true,
};

fuzz_target!(|text: &[u8]| {
    let spec = match plan::validate::parse(text) {
        Ok(spec) => spec,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let facts = Facts {
        capabilities: u64::MAX,
        uid: 0,
        selinux: true,
        layout: Layout::unified("/sys/fs/cgroup", "0::/", "cpu memory pids"),
        cgroup: cgroup::Plan::default(),
        resctrl: None,
    };
    if let Ok(plan) = plan::build(WISH, &spec, &facts) {
        for op in plan.before.iter().chain(&plan.after) {
            assert!(!op.to_string().is_empty());
            serde_json::to_string(op).expect("an operation as JSON");
        }
        for op in &plan.init {
            assert!(!op.to_string().is_empty());
            serde_json::to_string(op).expect("an operation as JSON");
        }
    }
});
