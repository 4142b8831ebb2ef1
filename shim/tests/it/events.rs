//! What a shim tells the journal of events.

use std::fs;

use serde_json::{Value, json};

use crate::attach::FAILED;
use crate::exec;
use crate::fixture::{Bundle, runtimes};

fn told(bundle: &Bundle) -> Vec<Value> {
    let text = fs::read_to_string(bundle.path().join("events/00000000000000000001.jsonl")).unwrap();
    let lines = text.lines().filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn arguments(bundle: &Bundle) -> [String; 4] {
    let actor = bundle.path().join("actor.json");
    fs::write(&actor, r#"{"image":"busybox","name":"one"}"#).unwrap();
    let events = bundle.path().join("events");
    let text = |path: &std::path::Path| path.to_str().unwrap().to_owned();
    [
        "--events".to_owned(),
        text(&events),
        "--event-actor".to_owned(),
        text(&actor),
    ]
}

#[test]
fn starts_and_ends_are_told_in_dockers_words() {
    for runtime in runtimes() {
        let bundle = Bundle::sh("exit 3");
        let arguments = arguments(&bundle);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        bundle
            .shim(&runtime)
            .args(&arguments)
            .args(&["--restart=on-failure:1"])
            .run();
        let told = told(&bundle);
        let actions: Vec<&str> = told
            .iter()
            .map(|event| event["Action"].as_str().unwrap())
            .collect();
        assert_eq!(actions, ["start", "die", "start", "die"], "{runtime:?}");
        let die = &told[3];
        assert_eq!(
            die["Actor"],
            json!({"ID": bundle.id, "Attributes":
                {"image": "busybox", "name": "one", "exitCode": "3", "execDuration": "0"}})
        );
        assert_eq!(
            (&die["Type"], &die["from"]),
            (&json!("container"), &json!("busybox"))
        );
        assert_eq!(
            die["timeNano"].as_u64().unwrap() / 1_000_000_000,
            die["time"].as_u64().unwrap()
        );
    }
}

#[test]
fn commands_beside_the_container_s_own_are_told() {
    for runtime in runtimes() {
        let bundle = Bundle::sh("read line; exit 0");
        let arguments = arguments(&bundle);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut shim = bundle
            .shim(&runtime)
            .args(&arguments)
            .args(&["--stdin"])
            .created();
        let mut client = shim.attach();
        shim.start();
        let ended = exec::exec(&shim, "five", &["sh", "-c", "exit 5"]).rest();
        assert!(ended.exited.is_some());
        // Whoever knows the end finds it in the journal.
        let told_by_then = told(&bundle);
        let (kind, _) = exec::ask_for(&shim, "none", &["/nowhere"])
            .receive()
            .expect("an answer");
        assert_eq!(kind, FAILED);
        client.stdin(b"\n");
        client.rest();
        shim.finish();
        let beside = |told: &[Value]| -> Vec<Value> {
            let told = told
                .iter()
                .filter(|event| event["Action"].as_str().unwrap().starts_with("exec"));
            told.map(|event| json!([event["Action"], event["Actor"]["Attributes"]]))
                .collect()
        };
        let with = |more: Value| {
            let mut all = json!({"image": "busybox", "name": "one", "execID": "five"});
            all.as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            all
        };
        let expected = [
            json!(["exec_create: sh -c exit 5", with(json!({}))]),
            json!(["exec_start: sh -c exit 5", with(json!({}))]),
            json!(["exec_die", with(json!({"exitCode": "5"}))]),
            json!(["exec_create: /nowhere", with(json!({"execID": "none"}))]),
        ];
        assert_eq!(beside(&told_by_then), expected[..3], "{runtime:?}");
        assert_eq!(beside(&told(&bundle)), expected, "{runtime:?}");
    }
}

#[test]
fn a_journal_that_cannot_be_written_holds_nothing_up() {
    let bundle = Bundle::sh("exit 3");
    let arguments = arguments(&bundle);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    fs::write(bundle.path().join("events"), "in the way").unwrap();
    let record = bundle.shim(&runtimes()[0]).args(&arguments).run();
    assert_eq!(record["exit_code"], 3);
}
