//! Any bytes as linux.resources, on v2, v1 and hybrid layouts: a clear error, or operations that touch nothing outside
//! the container's groups.
#![no_main]

use corten_runtime::host::cgroup::{Found, Layout};
use corten_runtime::{oci, plan};
use libfuzzer_sys::fuzz_target;

const V1: &str = "\
30 24 0:26 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n\
31 24 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
32 24 0:28 / /sys/fs/cgroup/devices rw - cgroup cgroup rw,devices\n\
33 24 0:29 / /sys/fs/cgroup/blkio rw - cgroup cgroup rw,blkio\n\
34 24 0:30 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n";
const HYBRID: &str = "35 24 0:31 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";

fuzz_target!(|text: &[u8]| {
    let Ok(resources) = oci::parse_resources(text) else {
        return;
    };
    for layout in [
        Layout::unified("/sys/fs/cgroup", "0::/", "cpu cpuset io memory pids hugetlb rdma"),
        Layout::parse(V1, ""),
        Layout::parse(&format!("{V1}{HYBRID}"), "0::/\n"),
    ] {
        let paths = vec!["a/c".to_owned(); layout.hierarchies.len()];
        let found = vec![Found::default(); layout.hierarchies.len()];
        if let Ok(plan) = plan::cgroup::plan(&layout, &paths, &found, Some(&resources)) {
            for op in plan.setup.iter().chain(&plan.join).chain(&plan.finish) {
                let told = op.to_string();
                assert!(!told.contains("/../") && !told.ends_with("/.."), "{told}");
            }
        }
    }
});
