//! Layouts of real machines, as text.

use super::*;

const HYBRID_MOUNTS: &str = "\
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:7 - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,release_agent=/lib/agent,name=systemd
41 31 0:39 / /sys/fs/cgroup/elogind rw,relatime - cgroup cgroup rw,name=elogind
42 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate
43 31 0:38 / /mnt/again rw,relatime - cgroup2 cgroup2 rw,nsdelegate
";
const HYBRID_OWN: &str = "9:name=systemd:/\n4:memory:/parent/me\n1:cpu,cpuacct:/\n0::/user/me\n";

fn names(hierarchy: &Hierarchy) -> Vec<&str> {
    hierarchy.controllers.iter().map(String::as_str).collect()
}

#[test]
fn hybrid_lists_v1_trees_then_v2_each_once() {
    let layout = Layout::parse(HYBRID_MOUNTS, HYBRID_OWN);
    let mounts: Vec<&str> = layout.hierarchies.iter().map(|h| h.mount.as_str()).collect();
    assert_eq!(
        mounts,
        [
            "/sys/fs/cgroup/cpu,cpuacct",
            "/sys/fs/cgroup/memory",
            "/sys/fs/cgroup/systemd",
            "/sys/fs/cgroup/unified"
        ]
    );
    assert_eq!(names(&layout.hierarchies[0]), ["cpu", "cpuacct"]);
    assert_eq!(names(&layout.hierarchies[2]), ["name=systemd"]);
    assert_eq!(layout.hierarchies[1].own, "parent/me");
    assert_eq!(layout.hierarchies[3].own, "user/me");
    assert_eq!(
        (layout.owner("memory"), layout.owner("pids"), layout.v2()),
        (Some(1), None, Some(3))
    );
}

#[test]
fn a_mount_that_shows_a_sub_tree_shortens_the_own_path() {
    let mounts = "1 0 0:1 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n";
    let own = |text: &str| Layout::parse(mounts, text).hierarchies[0].own.clone();
    assert_eq!(own("4:memory:/docker/abc\n"), "");
    assert_eq!(own("4:memory:/docker/abc/sub\n"), "sub");
    assert_eq!(own("4:memory:/docker/abcdef\n"), "");
    assert_eq!(own("4:memory:/../outside\n"), "");
}

#[test]
fn pure_v2_needs_no_mount_table() {
    let layout = Layout::unified("/sys/fs/cgroup", "0::/user.slice/a\n", "cpu memory\n");
    assert_eq!(layout.hierarchies[0].own, "user.slice/a");
    assert_eq!(layout.owner("memory"), Some(0));
}

#[test]
fn outside_of_the_cgroup_namespace_means_the_root() {
    assert_eq!(Layout::unified("/c", "0::/../../x\n", "").hierarchies[0].own, "");
}

#[test]
fn blanks_in_mount_points_are_unescaped() {
    let mounts = "1 0 0:1 / /my\\040dir\\134x rw - cgroup cgroup rw,memory\n";
    assert_eq!(
        Layout::parse(mounts, "4:memory:/\n").hierarchies[0].mount,
        "/my dir\\x"
    );
}

#[test]
fn a_tree_that_this_process_is_not_in_is_left_out() {
    let mounts = "1 0 0:1 / /c/memory rw - cgroup cgroup rw,memory\n";
    assert_eq!(Layout::parse(mounts, "0::/\n"), Layout::default());
}

#[test]
fn broken_lines_are_skipped() {
    let mounts = "\nx\n1 0 0:1 - cgroup cgroup rw,memory\n1 0 0:1 / /m - cgroup\n";
    assert_eq!(Layout::parse(mounts, "4:memory:/\nzzz\n"), Layout::default());
}
