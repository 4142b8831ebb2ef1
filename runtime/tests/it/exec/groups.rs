//! In which cgroups the process is: the container's, or those below that were asked for.

use super::{detached, outcome, refused, running};
use crate::bundle::Bundle;
use crate::cgroup::on_pure_v2;
use std::fs;
use std::path::PathBuf;

/// The groups of a process of the container as they are seen from outside.
fn groups(bundle: &Bundle, options: &[&str]) -> String {
    detached(
        bundle,
        &[options, &["--pid-file", "pid"]].concat(),
        &["sleep", "1000"],
    );
    let pid = fs::read_to_string(bundle.file("pid")).unwrap();
    fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap()
}

fn is_in_all_groups(bundle: &Bundle) {
    let init = fs::read_to_string(format!("/proc/{}/cgroup", bundle.state()["pid"])).unwrap();
    assert_eq!(groups(bundle, &[]), init);
    assert!(init.contains(&format!(":/{}\n", bundle.id())), "{init}");
}

#[test]
fn the_process_is_where_init_is() {
    is_in_all_groups(&running("groups", |_| {}));
}

#[test]
fn the_process_is_where_init_is_on_pure_v2() {
    on_pure_v2(|| is_in_all_groups(&running("groups-v2", |_| {})));
}

/// A group below the container's own, which goes with the container.
fn make_below(bundle: &Bundle, hierarchy: &str) -> PathBuf {
    let below = PathBuf::from(format!("/sys/fs/cgroup/{hierarchy}/{}/below", bundle.id()));
    fs::create_dir(&below).unwrap();
    below
}

#[test]
fn a_group_below_is_joined_when_asked_for_on_pure_v2() {
    on_pure_v2(|| {
        let bundle = running("below-v2", |_| {});
        make_below(&bundle, "");
        let seen = groups(&bundle, &["--cgroup", "/below"]);
        assert!(seen.contains(&format!("0::/{}/below\n", bundle.id())), "{seen}");
        for (path, expected) in [
            ("..", "bad sub cgroup path: .."),
            ("below/../../x", "bad sub cgroup path: below/../../x"),
            ("cpu:below", "unknown controller cpu in --cgroup"),
        ] {
            assert_eq!(refused(&bundle, &["--cgroup", path], &["true"]), expected);
        }
        let message = refused(&bundle, &["--cgroup", "absent"], &["true"]);
        assert!(
            message.contains("/absent\", O_DIRECTORY): no such file"),
            "{message}"
        );
    });
}

/// The machine's own layout: v1 or hybrid where there is one.
#[test]
fn a_v1_group_below_is_joined_when_asked_for() {
    if fs::metadata("/sys/fs/cgroup/pids/cgroup.procs").is_err() {
        crate::skip("no v1 hierarchy of pids");
        return;
    }
    let bundle = running("below-v1", |_| {});
    make_below(&bundle, "pids");
    let seen = groups(&bundle, &["--cgroup", "pids:below"]);
    let (own, below) = (
        format!(":/{}", bundle.id()),
        format!(":pids:/{}/below", bundle.id()),
    );
    assert_eq!(
        seen.lines().filter(|line| line.ends_with(&below)).count(),
        1,
        "{seen}"
    );
    assert!(seen.lines().any(|line| line.ends_with(&own)), "{seen}");
    let message = refused(&bundle, &["--cgroup", "pids:absent"], &["true"]);
    assert!(
        message.starts_with("join cgroup /sys/fs/cgroup/pids/"),
        "{message}"
    );
}

/// An init that hands controllers down has left the container's own group, which takes no processes any more.
#[test]
fn the_process_follows_init_to_a_group_below_on_pure_v2() {
    on_pure_v2(|| {
        let _root = crate::cgroup::RootControllers::keep("/sys/fs/cgroup/cgroup.subtree_control");
        let available = fs::read_to_string("/sys/fs/cgroup/cgroup.controllers").unwrap();
        let Some(controller) = available.split_whitespace().find(|name| *name != "hugetlb") else {
            crate::skip("v2 has no domain controller here");
            return;
        };
        fs::write("/sys/fs/cgroup/cgroup.subtree_control", format!("+{controller}")).unwrap();
        let bundle = running("follow", |_| {});
        let below = make_below(&bundle, "");
        fs::write(below.join("cgroup.procs"), bundle.state()["pid"].to_string()).unwrap();
        let own = below.parent().unwrap();
        fs::write(own.join("cgroup.subtree_control"), format!("+{controller}")).unwrap();
        let seen = groups(&bundle, &[]);
        assert!(seen.contains(&format!("0::/{}/below\n", bundle.id())), "{seen}");
        assert_eq!(outcome(&bundle, &[], &["true"]).status.code(), Some(0));
    });
}
