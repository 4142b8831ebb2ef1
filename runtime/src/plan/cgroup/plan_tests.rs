//! Whole plans: the order of the steps, and when there is no plan.

use super::*;

fn hierarchy(version: Version, mount: &str, controllers: &[&str]) -> Hierarchy {
    let controllers = controllers.iter().map(|name| (*name).to_owned()).collect();
    Hierarchy {
        version,
        mount: mount.to_owned(),
        controllers,
        own: String::new(),
    }
}

fn v2() -> Layout {
    Layout {
        hierarchies: vec![hierarchy(Version::V2, "/u", &["memory", "pids"])],
    }
}

fn shown(ops: &[Op]) -> Vec<String> {
    let interesting = ops.iter().filter(|op| !matches!(op, Op::AttachDevices { .. }));
    interesting
        .map(Op::to_string)
        .filter(|line| !line.contains("devices."))
        .collect()
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn resources(json: &str) -> Resources<'_> {
    serde_json::from_str(json).unwrap()
}

#[test]
fn controllers_are_handed_down_before_each_group_is_made() {
    let found = Found {
        existing: 1,
        enabled: vec![words("memory pids"), words("memory")],
        ..Found::default()
    };
    let asked = resources(r#"{"pids": {"limit": 7}}"#);
    let plan = plan(&v2(), &["a/b/c".into()], &[found], Some(&asked)).unwrap();
    assert_eq!(
        shown(&plan.setup),
        [
            "enable cgroup controllers pids below /u/a",
            "make cgroup /u/a/b",
            "enable cgroup controllers pids below /u/a/b",
            "enable cgroup controllers memory below /u/a/b",
            "make cgroup /u/a/b/c",
        ]
    );
    assert_eq!(shown(&plan.finish), ["set /u/a/b/c/pids.max to \"7\""]);
    assert!(plan.join.is_empty(), "on v2 the container is born in its group");
}

#[test]
fn only_the_containers_own_group_must_be_new() {
    let plan = plan(&v2(), &["a/b".into()], &[Found::default()], None).unwrap();
    let fresh = |op: &Op| match op {
        Op::MakeGroup { fresh, .. } => Some(*fresh),
        _ => None,
    };
    assert_eq!(
        plan.setup.iter().filter_map(fresh).collect::<Vec<_>>(),
        [false, true]
    );
}

#[test]
fn v1_groups_are_joined_by_the_container_itself() {
    let layout = Layout {
        hierarchies: vec![
            hierarchy(Version::V1, "/pids", &["pids"]),
            hierarchy(Version::V1, "/devices", &["devices"]),
            hierarchy(Version::V2, "/u", &[]),
        ],
    };
    let paths = ["g".to_owned(), "g".to_owned(), "g".to_owned()];
    let plan = plan(&layout, &paths, &vec![Found::default(); 3], None).unwrap();
    assert_eq!(
        shown(&plan.setup),
        [
            "make cgroup /pids/g",
            "make cgroup /devices/g",
            "make cgroup /u/g"
        ]
    );
    assert_eq!(
        shown(&plan.join),
        ["join cgroup /pids/g", "join cgroup /devices/g"]
    );
    assert_eq!(plan.record.main_dir().unwrap(), "/u/g");
}

#[test]
fn cpusets_are_filled_from_the_top_down() {
    let layout = Layout {
        hierarchies: vec![hierarchy(Version::V1, "/cpuset", &["cpuset"])],
    };
    let set = |cpus: &str, mems: &str| (cpus.to_owned(), mems.to_owned());
    let found = Found {
        existing: 1,
        cpusets: vec![set("0-3", "0"), set("", "")],
        ..Found::default()
    };
    let plan = plan(&layout, &["a/b".into()], &[found], None).unwrap();
    assert_eq!(
        shown(&plan.setup),
        [
            "set /cpuset/a/cpuset.cpus to \"0-3\"",
            "set /cpuset/a/cpuset.mems to \"0\"",
            "make cgroup /cpuset/a/b",
            "set /cpuset/a/b/cpuset.cpus to \"0-3\"",
            "set /cpuset/a/b/cpuset.mems to \"0\"",
        ]
    );
}

#[test]
fn a_group_in_use_is_refused() {
    for (found, word) in [
        (
            Found {
                existing: 1,
                populated: true,
                ..Found::default()
            },
            "not empty: /u/g has processes",
        ),
        (
            Found {
                existing: 1,
                frozen: true,
                ..Found::default()
            },
            "unexpectedly frozen: /u/g",
        ),
    ] {
        let error = plan(&v2(), &["g".into()], &[found], None).unwrap_err();
        assert_eq!(error.kind(), Kind::State);
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[test]
fn without_permission_only_a_container_without_limits_runs() {
    let denied = || Found {
        denied: Some(libc::EACCES),
        ..Found::default()
    };
    let devices = resources(r#"{"devices": [{"allow": false, "access": "rwm"}]}"#);
    let free = plan(&v2(), &["g".into()], &[denied()], Some(&devices)).unwrap();
    assert_eq!(free.record, Record::default());
    assert!(free.setup.is_empty() && free.join.is_empty());
    assert!(
        free.warnings[0].contains("without a cgroup of its own"),
        "{:?}",
        free.warnings
    );
    let limited = resources(r#"{"memory": {"limit": 5}}"#);
    let error = plan(&v2(), &["g".into()], &[denied()], Some(&limited)).unwrap_err();
    assert!(
        error.to_string().contains("mkdir(\"/u/g\"): permission denied"),
        "{error}"
    );
}

#[test]
fn a_record_survives_its_json() {
    let record = plan(&v2(), &["a/b".into()], &[Found::default()], None)
        .unwrap()
        .record;
    let json = serde_json::to_string(&record).unwrap();
    assert_eq!(serde_json::from_str::<Record>(&json).unwrap(), record);
}
