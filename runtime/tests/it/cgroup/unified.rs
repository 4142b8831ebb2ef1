//! What only cgroup v2 has: the device program, unified files, birth in a group.

use super::{Groups, RootControllers, line, on_pure_v2, planned};
use corten_runtime::apply::cgroup;
use corten_runtime::sys::clone::{Side, clone};
use std::fs;
use std::os::fd::AsFd;

/// Tries to read from devices and says which it could open.
const PROBE: &str = "for d in /dev/null /dev/zero /dev/kmsg; do \
    if (exec 3<$d) 2>/dev/null; then printf '%s yes ' $d; else printf '%s no ' $d; fi; done; echo; exec cat";

fn opened(groups: &Groups) -> String {
    let mut child = groups.start(PROBE);
    let said = line(&mut child);
    cgroup::kill_all(&groups.record).unwrap();
    child.wait().unwrap();
    said.trim_end().to_owned()
}

#[test]
fn the_device_program_decides_and_is_replaced() {
    on_pure_v2(|| {
        let denying = r#"{"devices": [{"allow": false, "access": "rwm"}]}"#;
        let first = Groups::make(&planned("devices", denying).unwrap()).unwrap();
        assert_eq!(opened(&first), "/dev/null yes /dev/zero yes /dev/kmsg no");
        let allowing =
            r#"{"devices": [{"allow": true, "type": "c", "major": 1, "minor": 11, "access": "r"}]}"#;
        let second = Groups::make(&planned("devices", allowing).unwrap()).unwrap();
        assert_eq!(opened(&second), "/dev/null yes /dev/zero yes /dev/kmsg yes");
        second.end();
        drop(first);
    });
}

#[test]
fn allowing_everything_takes_no_program() {
    on_pure_v2(|| {
        let groups = Groups::make(&planned("open", r#"{"devices": [{"allow": true}]}"#).unwrap()).unwrap();
        assert_eq!(opened(&groups), "/dev/null yes /dev/zero yes /dev/kmsg yes");
        groups.end();
    });
}

#[test]
fn unified_files_are_written_as_given() {
    on_pure_v2(|| {
        let _root = RootControllers::keep("/sys/fs/cgroup/cgroup.subtree_control");
        let resources = r#"{"unified": {"cgroup.max.depth": "3", "hugetlb.2MB.max": "2097152"}}"#;
        let groups = Groups::make(&planned("unified", resources).unwrap()).unwrap();
        let read = |file: &str| fs::read_to_string(format!("{}/{file}", groups.v2_dir())).unwrap();
        assert_eq!(read("cgroup.max.depth"), "3\n");
        assert_eq!(read("hugetlb.2MB.max"), "2097152\n");
        groups.end();
    });
}

#[test]
fn a_container_can_be_born_in_its_group() {
    on_pure_v2(|| {
        let groups = Groups::make(&planned("birth", "{}").unwrap()).unwrap();
        let group = cgroup::birth_group(&groups.record).unwrap().unwrap();
        let Side::Parent { pid, pidfd: _ } = clone(0, Some(group.as_fd())).unwrap() else {
            loop {
                nix::unistd::pause(); // until the group is killed
            }
        };
        let place = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap();
        let own = format!("0::/{}", groups.record.v2().unwrap().path);
        assert!(place.lines().any(|line| line == own), "{place}");
        cgroup::kill_all(&groups.record).unwrap();
        nix::sys::wait::waitpid(nix::unistd::Pid::from_raw(pid), None).unwrap();
        groups.end();
    });
}

#[test]
fn a_missing_controller_is_an_error_before_anything_is_made() {
    on_pure_v2(|| {
        let controllers = fs::read_to_string("/sys/fs/cgroup/cgroup.controllers").unwrap();
        let asked = planned("missing", r#"{"rdma": {"x": {"hcaHandles": 1}}}"#);
        if controllers.contains("rdma") {
            crate::skip("this machine has rdma");
            return;
        }
        let error = asked.unwrap_err();
        assert!(
            error.to_string().contains("needs the cgroup controller rdma"),
            "{error}"
        );
    });
}
