//! Any text as /proc/self/mountinfo and, after a NUL, as /proc/self/cgroup and as a container's cgroupsPath: what is
//! found lies below its mount point, whatever the files say.
#![no_main]

use corten_runtime::host::cgroup::Layout;
use corten_runtime::plan::cgroup::Wish;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut parts = text.split('\0');
    let mut next = || parts.next().unwrap_or_default();
    let (mountinfo, own, path) = (next(), next(), next());
    for layout in [
        Layout::parse(mountinfo, own),
        Layout::unified("/sys/fs/cgroup", own, mountinfo),
    ] {
        let wish = Wish {
            id: "c",
            path: Some(path),
        };
        if let Ok(paths) = wish.paths(&layout) {
            assert_eq!(paths.len(), layout.hierarchies.len());
            for path in paths {
                assert!(
                    !path.starts_with('/') && path.split('/').all(|part| part != ".."),
                    "{path}"
                );
            }
        }
    }
});
