//! The journal of events, through the command that shows it.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::sandbox::{HELLO, RUNTIMES, Sandbox};

fn all(sandbox: &Sandbox, filters: &[&str]) -> Vec<Value> {
    let filters = filters.iter().flat_map(|filter| ["--filter", filter]);
    let words = ["events", "--since", "0", "--until", "0s", "--format", "json"];
    let text = sandbox.ok(&words.into_iter().chain(filters).collect::<Vec<_>>());
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn actions(events: &[Value]) -> Vec<&str> {
    events
        .iter()
        .map(|event| event["Action"].as_str().unwrap())
        .collect()
}

#[test]
fn a_container_s_life_is_told() {
    for runtime in RUNTIMES {
        let sandbox = Sandbox::with(runtime);
        let id = sandbox.ok(&["run", "-d", "--name", "one", "-l", "a=b", HELLO, "wait"]);
        sandbox.ok(&["pause", "one"]);
        sandbox.ok(&["unpause", "one"]);
        sandbox.ok(&["rename", "one", "two"]);
        sandbox.ok(&["stop", "-t", "0", "two"]);
        sandbox.ok(&["start", "two"]);
        sandbox.ok(&["rm", "-f", "two"]);
        let told = all(&sandbox, &["type=container"]);
        assert_eq!(
            actions(&told),
            [
                "create", "start", "pause", "unpause", "rename", "kill", "kill", "die", "stop", "start",
                "kill", "die", "destroy"
            ],
            "{runtime}"
        );
        let numbers: Vec<u64> = all(&sandbox, &[])
            .iter()
            .map(|event| event["seq"].as_u64().unwrap())
            .collect();
        assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
        let die = told.iter().find(|event| event["Action"] == "die").unwrap();
        assert_eq!(die["Actor"]["ID"], id);
        for (name, value) in [("exitCode", "137"), ("name", "two"), ("image", HELLO), ("a", "b")] {
            assert_eq!(die["Actor"]["Attributes"][name], value);
        }
        assert_eq!(actions(&all(&sandbox, &["event=die"])), ["die", "die"]);
        assert_eq!(
            actions(&all(&sandbox, &["container=one"])).len(),
            4,
            "before it had another name"
        );
        assert_eq!(all(&sandbox, &["label=a=c"]).len(), 0);
        let text = sandbox.ok(&[
            "events",
            "--since",
            "0",
            "--until",
            "0s",
            "--filter",
            "event=rename",
        ]);
        assert!(
            text.contains(&format!(
                " container rename {id} (a=b, image={HELLO}, name=two, oldName=/one)"
            )),
            "{text}"
        );
    }
}

/// Makes the shim's file say what it says while the container runs, as if the shim had been killed right after the exit
/// record; `without` the event of the end, or with it.
fn kill_the_shim_in_retrospect(sandbox: &Sandbox, id: &str, without_event: bool) {
    let file = sandbox.state().join("shims").join(id).join("shim.json");
    let text = std::fs::read_to_string(&file).unwrap();
    let changed = text.replace(r#""status":"exited""#, r#""status":"running""#);
    assert_ne!(text, changed);
    std::fs::write(&file, changed).unwrap();
    if without_event {
        let journal = sandbox.root().join("events/00000000000000000001.jsonl");
        let text = std::fs::read_to_string(&journal).unwrap();
        let is_end = |line: &str| line.contains(r#""Action":"die""#) && line.contains(id);
        let kept: Vec<&str> = text.lines().filter(|line| !is_end(line)).collect();
        assert!(kept.len() < text.lines().count());
        std::fs::write(&journal, kept.join("\n") + "\n").unwrap();
    }
}

#[test]
fn an_end_that_the_shim_could_not_tell_is_told_once_by_the_next_reader() {
    let readers: [&[&str]; 5] = [
        &["ps", "-a"],
        &["inspect", "one"],
        &["wait", "one"],
        &["events", "--since", "0", "--until", "0s"],
        &["start", "-a", "one"],
    ];
    for without_event in [true, false] {
        for reader in readers {
            let sandbox = Sandbox::new();
            let run = sandbox.corten(&["run", "--name", "one", HELLO, "exit", "3"]);
            assert_eq!(run.code, Some(3), "{run:?}");
            let id = sandbox.inspect("one")["Id"].as_str().unwrap().to_owned();
            sandbox.ok(&["wait", "one"]);
            wait_for_the_shim(&sandbox, &id);
            let before = all(&sandbox, &["event=die"]);
            kill_the_shim_in_retrospect(&sandbox, &id, without_event);
            std::thread::scope(|scope| {
                for _ in 0..3 {
                    scope.spawn(|| sandbox.corten(reader));
                }
            });
            sandbox.corten(&["ps", "-a"]);
            let starts = all(&sandbox, &["event=start"]).len();
            let told = all(&sandbox, &["event=die"]);
            assert_eq!(told.len(), starts, "{reader:?} {told:?}");
            for name in ["Actor", "timeNano", "from"] {
                assert_eq!(told[0][name], before[0][name], "{reader:?}");
            }
            sandbox.ok(&["rm", "one"]);
            assert_eq!(all(&sandbox, &["event=die"]).len(), starts, "{reader:?}");
        }
    }
}

/// Its files say nothing new any more then.
fn wait_for_the_shim(sandbox: &Sandbox, id: &str) {
    let lock = std::fs::File::open(sandbox.state().join("shims").join(id).join("shim.lock")).unwrap();
    lock.lock().unwrap();
}

#[test]
fn commands_beside_the_container_s_own_are_told() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["run", "-d", "--name", "one", HELLO, "wait"]);
    let done = sandbox.corten(&["exec", "one", "/hello", "exit", "5"]);
    assert_eq!(done.code, Some(5), "{done:?}");
    sandbox.corten(&["exec", "one", "/nowhere"]);
    let told = all(
        &sandbox,
        &["event=exec_create", "event=exec_start", "event=exec_die"],
    );
    assert_eq!(
        actions(&told),
        [
            "exec_create: /hello exit 5",
            "exec_start: /hello exit 5",
            "exec_die",
            "exec_create: /nowhere"
        ]
    );
    let attributes = |event: &Value| event["Actor"]["Attributes"].clone();
    assert_eq!(attributes(&told[2])["exitCode"], "5");
    assert_eq!(attributes(&told[2])["name"], "one");
    let id = attributes(&told[0])["execID"].clone();
    assert_eq!(id.as_str().map(str::len), Some(64));
    assert_eq!(
        [&attributes(&told[1])["execID"], &attributes(&told[2])["execID"]],
        [&id, &id]
    );
    sandbox.ok(&["rm", "-f", "one"]);
}

#[test]
fn images_are_told_too() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["run", "--rm", HELLO]);
    sandbox.ok(&["tag", HELLO, "other:x"]);
    sandbox.ok(&["rmi", "other:x"]);
    let told = all(&sandbox, &["type=image"]);
    assert_eq!(actions(&told), ["tag", "untag"]);
    assert_eq!(told[0]["Actor"]["Attributes"]["name"], "other:x");
}

#[test]
fn what_comes_is_followed() {
    let sandbox = Sandbox::new();
    let mut follower = sandbox.spawn(&[
        "events",
        "--filter",
        "event=die",
        "--format",
        "{{.seq}} {{.Action}}",
    ]);
    let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines();
    // Nobody knows when it has begun to watch: events come until it has seen three.
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                sandbox.ok(&["run", "--rm", HELLO]);
            }
        });
        let numbers: Vec<u64> = (0..3)
            .map(|_| {
                let line = lines.next().unwrap().unwrap();
                line.strip_suffix(" die").unwrap().parse().unwrap()
            })
            .collect();
        done.store(true, Ordering::Relaxed);
        assert!(numbers.is_sorted(), "{numbers:?}");
    });
    follower.kill().unwrap();
    follower.wait().unwrap();
}

/// Every exit is told once, whatever else happens. `CORTEN_TEST_EXITS=10000` runs as many.
#[test]
fn each_exit_is_told_once() {
    let exits = std::env::var("CORTEN_TEST_EXITS").map_or(40, |text| text.parse().unwrap());
    let sandbox = Sandbox::new();
    let workers = 4;
    std::thread::scope(|scope| {
        for worker in 0..workers {
            let sandbox = &sandbox;
            scope.spawn(move || {
                for number in (worker..exits).step_by(workers) {
                    let name = format!("n{number}");
                    let code = (number % 200).to_string();
                    let done = sandbox.corten(&["run", "--rm", "--name", &name, HELLO, "exit", &code]);
                    assert_eq!(done.code, Some(i32::try_from(number % 200).unwrap()), "{done:?}");
                }
            });
        }
    });
    let told = all(&sandbox, &["event=die"]);
    let mut codes: HashMap<String, Vec<String>> = HashMap::new();
    for event in &told {
        let attributes = &event["Actor"]["Attributes"];
        let text = |name: &str| attributes[name].as_str().unwrap().to_owned();
        codes.entry(text("name")).or_default().push(text("exitCode"));
    }
    for number in 0..exits {
        assert_eq!(
            codes.remove(&format!("n{number}")),
            Some(vec![(number % 200).to_string()])
        );
    }
    let numbers: Vec<u64> = all(&sandbox, &[])
        .iter()
        .map(|event| event["seq"].as_u64().unwrap())
        .collect();
    assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]), "no gap");
}
