//! What is done to a running container: pausing, statistics, as runc and crun do it.

use corten_conformance::bundle::{Bundle, Runtime};
use corten_conformance::{Case, skip, wait};
use serde_json::Value;
use std::collections::BTreeSet;

/// Runs a container of the probe until the test ends; it says when it runs.
fn with_running(runtime: &Runtime, test: impl FnOnce(&Case, &str)) {
    let case = Case::new();
    let id = case.id("c");
    let bundle = Bundle::new(&case, "bundle", &["ready", "/fifo"]).write();
    wait::fifo(&bundle.root("fifo"));
    let create = runtime.cmd(&case).args(["create", "--bundle"]);
    create.arg(&bundle.dir).arg(&id).ok();
    runtime.cmd(&case).args(["start", &id]).ok();
    wait::for_line_in(&bundle.root("fifo"));
    test(&case, &id);
    runtime.cmd(&case).args(["delete", "--force", &id]).ok();
}

#[test]
fn a_container_is_paused_and_resumed() {
    for runtime in Runtime::all() {
        with_running(&runtime, |case, id| {
            runtime.cmd(case).args(["pause", id]).ok();
            assert_eq!(runtime.state(case, id)["status"], "paused", "{}", runtime.name);
            runtime.cmd(case).args(["resume", id]).ok();
            assert_eq!(runtime.state(case, id)["status"], "running", "{}", runtime.name);
        });
    }
}

#[test]
fn a_paused_container_is_deleted_by_force() {
    for runtime in Runtime::all() {
        with_running(&runtime, |case, id| {
            runtime.cmd(case).args(["pause", id]).ok();
            runtime.cmd(case).args(["delete", id]).fails();
        });
    }
}

#[test]
fn statistics_have_every_property_of_runcs() {
    let Some(runc) = Runtime::peer("runc") else {
        skip!("runc is not installed");
    };
    let statistics = |runtime: &Runtime| {
        let mut keys = BTreeSet::new();
        with_running(runtime, |case, id| {
            let event = runtime.cmd(case).args(["events", "--stats", id]).ok().json();
            assert_eq!((&event["type"], &event["id"]), (&"stats".into(), &id.into()));
            add_keys(&event, "", &mut keys);
        });
        keys
    };
    let (theirs, ours) = (statistics(&runc), statistics(&Runtime::ours_on_v2()));
    let missing: Vec<&String> = theirs.difference(&ours).collect();
    assert!(missing.is_empty(), "{missing:?} in {ours:?}");
}

/// The places of all properties.
fn add_keys(value: &Value, place: &str, keys: &mut BTreeSet<String>) {
    for (key, value) in value.as_object().into_iter().flatten() {
        let place = format!("{place}/{key}");
        add_keys(value, &place, keys);
        keys.insert(place);
    }
}
