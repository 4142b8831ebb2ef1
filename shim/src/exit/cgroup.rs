//! Whether a container is paused.
// twin: imaged/src/sys/pidfd.rs (is_frozen)

use std::fs;

/// Whether the cgroup of a process is frozen, by the freezer of cgroup v1 or by v2.
pub fn is_frozen(pid: i32) -> bool {
    let Ok(groups) = fs::read_to_string(format!("/proc/{pid}/cgroup")) else {
        return false;
    };
    let path = |wanted: fn(&str) -> bool| {
        groups.lines().find_map(|line| {
            let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
            wanted(controllers).then_some(path)
        })
    };
    let says = |file: String, word: &str| fs::read_to_string(file).is_ok_and(|text| text.contains(word));
    if let Some(path) = path(|controllers| controllers.split(',').any(|name| name == "freezer")) {
        return says(format!("/sys/fs/cgroup/freezer{path}/freezer.state"), "FR");
    }
    path(str::is_empty).is_some_and(|path| says(format!("/sys/fs/cgroup{path}/cgroup.events"), "frozen 1"))
}
