//! Creation, placement and refusal in the machine's own layout, whichever it is.

use super::{Groups, PATIENCE, line, planned, unique};
use corten_runtime::apply::cgroup::{self, prepare};
use corten_runtime::error::Kind;
use corten_runtime::plan::cgroup::Wish;
use std::fs;

#[test]
fn a_group_stands_in_every_hierarchy_and_goes_from_all() {
    let groups = Groups::make(&planned("everywhere", "{}").unwrap()).unwrap();
    assert!(!groups.record.groups.is_empty(), "no hierarchy is mounted");
    for group in &groups.record.groups {
        assert!(
            fs::exists(format!("{}/cgroup.procs", group.dir())).unwrap(),
            "{}",
            group.dir()
        );
    }
    groups.end();
}

#[test]
fn a_thread_joins_v1_groups_itself_and_its_children_are_born_there() {
    let plan = planned("join", "{}").unwrap();
    let groups = Groups::make(&plan).unwrap();
    let joined = plan.join.clone();
    let child = std::thread::spawn(move || {
        joined.iter().try_for_each(cgroup::run).unwrap();
        std::process::Command::new("cat")
            .arg("/proc/self/cgroup")
            .output()
            .unwrap()
    });
    let output = String::from_utf8(child.join().unwrap().stdout).unwrap();
    let inside = output
        .lines()
        .filter(|line| line.ends_with(&unique("join")))
        .count();
    assert_eq!(inside, plan.join.len(), "{output}");
    groups.end();
}

#[test]
fn a_group_with_processes_is_refused() {
    let groups = Groups::make(&planned("used", "{}").unwrap()).unwrap();
    let mut child = groups.start("cat");
    let error = planned("used", "{}").unwrap_err();
    assert_eq!(error.kind(), Kind::State);
    assert!(
        error.to_string().contains("container's cgroup is not empty"),
        "{error}"
    );
    groups.end();
    child.wait().unwrap();
}

#[test]
fn an_empty_group_left_by_another_is_used() {
    let first = Groups::make(&planned("left", "{}").unwrap()).unwrap();
    let second = Groups::make(&planned("left", "{}").unwrap()).unwrap();
    second.end();
    drop(first);
}

#[test]
fn two_plans_for_one_new_group_are_not_both_made() {
    let plan = planned("twice", "{}").unwrap();
    let groups = Groups::make(&plan).unwrap();
    let error = plan.setup.iter().try_for_each(cgroup::run).unwrap_err();
    assert_eq!(error.kind(), Kind::Exists);
    groups.end();
}

#[test]
fn without_a_path_the_group_is_named_by_the_id() {
    let id = unique("by-id");
    let plan = prepare(
        &corten_runtime::host::cgroup::layout().unwrap(),
        &Wish { id: &id, path: None },
        None,
    )
    .unwrap();
    assert!(
        plan.record.groups.iter().all(|group| group.path.ends_with(&id)),
        "{:?}",
        plan.record
    );
}

#[test]
fn groups_that_a_container_made_go_with_its_own() {
    let groups = Groups::make(&planned("nested", "{}").unwrap()).unwrap();
    for group in &groups.record.groups {
        fs::create_dir_all(format!("{}/a/b/c", group.dir())).unwrap();
        fs::create_dir_all(format!("{}/a/d", group.dir())).unwrap();
    }
    groups.end();
}

#[test]
fn deep_trees_need_neither_descriptors_nor_long_paths() {
    let groups = Groups::make(&planned("deep", "{}").unwrap()).unwrap();
    let group = groups.record.groups.last().unwrap();
    let script = format!(
        "cd {} && i=0 && while [ $i -lt 30 ]; do n=$(printf '%0200d' $i); mkdir $n && cd -P $n || exit 1; i=$((i+1)); done",
        group.dir()
    );
    assert!(
        std::process::Command::new("sh")
            .args(["-c", &script])
            .status()
            .unwrap()
            .success()
    );
    groups.end();
}

#[test]
fn removal_names_the_processes_that_stay() {
    let groups = Groups::make(&planned("stays", "{}").unwrap()).unwrap();
    let mut child = groups.start("echo ready; cat");
    line(&mut child);
    let error = cgroup::remove(&groups.record, std::time::Duration::from_millis(1)).unwrap_err();
    assert!(error.to_string().contains(&child.id().to_string()), "{error}");
    assert_eq!(
        cgroup::pids(&groups.record).unwrap().first(),
        Some(&i32::try_from(child.id()).unwrap())
    );
    groups.end();
    child.wait().unwrap();
}

#[test]
fn what_is_gone_already_is_no_error() {
    let record = planned("gone", "{}").unwrap().record;
    cgroup::kill_all(&record).unwrap();
    cgroup::thaw(&record).unwrap();
    assert!(!cgroup::is_frozen(&record).unwrap());
    assert_eq!(cgroup::pids(&record).unwrap(), Vec::<i32>::new());
    cgroup::remove(&record, PATIENCE).unwrap();
}
