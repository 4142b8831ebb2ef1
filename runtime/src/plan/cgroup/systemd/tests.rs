//! Whole plans with systemd.

use super::*;
use crate::host::cgroup::Hierarchy;

fn hierarchy(version: Version, mount: &str, controllers: &[&str]) -> Hierarchy {
    Hierarchy {
        version,
        mount: mount.to_owned(),
        controllers: controllers.iter().map(|name| (*name).to_owned()).collect(),
        own: String::new(),
    }
}

fn unified() -> Layout {
    Layout {
        hierarchies: vec![hierarchy(
            Version::V2,
            "/c",
            &["cpu", "cpuset", "hugetlb", "memory", "pids"],
        )],
    }
}

fn target(manager: Manager, base: &str, controllers: &[&str]) -> Target {
    Target {
        manager,
        base: base.to_owned(),
        controllers: controllers.iter().map(|name| (*name).to_owned()).collect(),
    }
}

fn planned(layout: &Layout, target: &Target, resources: &str) -> Result<Plan> {
    let resources = serde_json::from_str(resources).unwrap();
    let request = Request {
        id: "box",
        path: None,
        resources: Some(&resources),
        annotations: &Map::new(),
    };
    let found = vec![Found::default(); layout.hierarchies.len()];
    plan(layout, target, &found, &request)
}

fn shown(ops: &[Op]) -> Vec<String> {
    let interesting = ops.iter().filter(|op| !matches!(op, Op::AttachDevices { .. }));
    interesting
        .map(Op::to_string)
        .filter(|line| !line.contains("devices."))
        .collect()
}

#[test]
fn on_v2_systemd_makes_the_group_and_its_limits_are_written_to_it() {
    let system = target(
        Manager::System,
        "",
        &["cpu", "cpuset", "hugetlb", "memory", "pids"],
    );
    let resources = r#"{"memory": {"limit": 4096}, "hugepageLimits": [{"pageSize": "2MB", "limit": 0}]}"#;
    let plan = planned(&unified(), &system, resources).unwrap();
    assert_eq!(
        shown(&plan.setup),
        [
            "enable cgroup controllers hugetlb below /c",
            "enable cgroup controllers hugetlb below /c/system.slice",
            "set /c/system.slice/corten-box.scope/memory.max to \"4096\"",
            "set /c/system.slice/corten-box.scope/hugetlb.2MB.max to \"0\"",
            "set /c/system.slice/corten-box.scope/hugetlb.2MB.rsvd.max to \"0\", if the kernel has it",
        ]
    );
    assert!(plan.join.is_empty());
    let scope = plan.scope.unwrap();
    assert_eq!(plan.record.unit, Some(scope.unit.clone()));
    assert_eq!(scope.unit.name, "corten-box.scope");
    let value = |name: &str| {
        scope
            .properties
            .iter()
            .find(|p| p.name == name)
            .map(|p| p.value.clone())
    };
    assert_eq!(value("Slice"), Some(Value::String("system.slice".into())));
    assert_eq!(value("MemoryMax"), Some(Value::Uint64(4096)));
    assert_eq!(value("Delegate"), Some(Value::Boolean(true)));
    assert_eq!(value("DevicePolicy"), Some(Value::String("strict".into())));
    assert_eq!(value("IOAccounting"), Some(Value::Boolean(true)));
}

#[test]
fn a_user_without_the_controller_is_told_how_to_get_it() {
    let user = target(Manager::User, "user.slice/user@7.service", &["memory", "pids"]);
    let plan = planned(&unified(), &user, r#"{"memory": {"limit": 4096}}"#).unwrap();
    assert_eq!(
        plan.record.groups[0].path,
        "user.slice/user@7.service/user.slice/corten-box.scope"
    );
    let error = planned(&unified(), &user, r#"{"cpu": {"cpus": "0"}}"#).unwrap_err();
    assert!(error.to_string().contains("controller cpuset"), "{error}");
    assert!(error.hints()[0].contains("Delegate="));
}

#[test]
fn beside_v1_the_container_joins_what_systemd_does_not() {
    let layout = Layout {
        hierarchies: vec![
            hierarchy(Version::V1, "/c/pids", &["pids"]),
            hierarchy(Version::V1, "/c/systemd", &["name=systemd"]),
            hierarchy(Version::V2, "/c/unified", &[]),
        ],
    };
    let plan = planned(&layout, &target(Manager::System, "", &[]), "{}").unwrap();
    let path = "system.slice/corten-box.scope";
    assert_eq!(
        shown(&plan.setup),
        [
            "make cgroup /c/pids/system.slice".to_owned(),
            format!("make cgroup /c/pids/{path}"),
            "make cgroup /c/unified/system.slice".to_owned(),
            format!("make cgroup /c/unified/{path}"),
        ]
    );
    assert!(
        plan.setup
            .iter()
            .all(|op| !matches!(op, Op::MakeGroup { fresh: true, .. }))
    );
    assert_eq!(
        shown(&plan.join),
        [
            format!("join cgroup /c/pids/{path}"),
            format!("set /c/unified/{path}/cgroup.procs to \"0\""),
        ]
    );
    assert_eq!(plan.record.groups.len(), 3);
}

#[test]
fn without_any_hierarchy_there_is_no_scope() {
    let error = planned(&Layout::default(), &target(Manager::System, "", &[]), "{}").unwrap_err();
    assert_eq!(error.kind(), Kind::Unsupported);
}
