//! The health check: probes, their results, their limits.

use std::fs;
use std::path::Path;

use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use serde_json::{Value, json};

use crate::fixture::{Bundle, Launch, Shim, runtimes};

const MS: u64 = 1_000_000;

/// A shim whose container is checked by a shell script every 20 ms.
fn checked<'a>(bundle: &'a Bundle, runtime: &Path, script: &str, changes: Value) -> Launch<'a> {
    let mut process = bundle.config["process"].clone();
    process["args"] = json!(["sh", "-c", script]);
    let mut check = json!({"process": process, "interval": 20 * MS, "timeout": 20_000 * MS,
        "start_interval": 20 * MS, "retries": 3});
    for (key, value) in changes.as_object().unwrap() {
        check[key] = value.clone();
    }
    let path = bundle.path().join("check.json");
    fs::write(&path, check.to_string()).unwrap();
    bundle.shim(runtime).args(&["--health", path.to_str().unwrap()])
}

/// Waits until the report is as wanted.
fn until(shim: &Shim<'_>, wanted: impl Fn(&Value) -> bool) -> Value {
    let inotify = Inotify::init(InitFlags::IN_CLOEXEC).unwrap();
    inotify.add_watch(&shim.dir, AddWatchFlags::IN_MOVED_TO).unwrap();
    loop {
        let text = fs::read(shim.dir.join("health.json")).unwrap_or_default();
        if let Ok(report) = serde_json::from_slice(&text)
            && wanted(&report)
        {
            return report;
        }
        inotify.read_events().unwrap();
    }
}

fn end(mut shim: Shim<'_>) {
    let state = shim.state();
    shim.forward(9, &state);
    shim.finish();
}

#[test]
fn a_container_becomes_healthy_and_unhealthy() {
    for runtime in runtimes() {
        let bundle = Bundle::sh("sleep 1000");
        let shim = checked(
            &bundle,
            &runtime,
            "echo looking; echo >&2 hard; test -e /tmp/well",
            json!({}),
        )
        .spawn();
        shim.expect_started();
        let report = until(&shim, |report| report["status"] == "unhealthy");
        assert_eq!(report["failing_streak"], 3, "{runtime:?}");
        let last = &report["log"][2];
        assert_eq!(
            (&last["exit_code"], report["log"].as_array().unwrap().len()),
            (&json!(1), 3)
        );
        let output = last["output"].as_str().unwrap();
        assert!(
            output.contains("looking\n") && output.contains("hard\n"),
            "{output:?}"
        );
        assert!(last["start"].as_str() < last["end"].as_str());
        let status = std::process::Command::new("nsenter")
            .args([
                "-m",
                "-t",
                &shim.state()["init_pid"].to_string(),
                "/bin/touch",
                "/tmp/well",
            ])
            .status();
        assert!(status.unwrap().success());
        let report = until(&shim, |report| report["status"] == "healthy");
        assert_eq!(report["failing_streak"], 0);
        let report = until(&shim, |report| report["log"][0]["exit_code"] == 0);
        assert_eq!(report["log"].as_array().unwrap().len(), 5, "the last five");
        end(shim);
    }
}

#[test]
fn while_it_starts_failures_do_not_count() {
    let bundle = Bundle::sh("sleep 1000");
    let changes = json!({"start_period": 3_600_000 * MS});
    let shim = checked(&bundle, &runtimes()[0], "exit 9", changes).spawn();
    shim.expect_started();
    let report = until(&shim, |report| {
        report["log"].as_array().is_some_and(|log| log.len() == 5)
    });
    assert_eq!(
        (&report["status"], &report["failing_streak"]),
        (&json!("starting"), &json!(0))
    );
    assert_eq!(report["log"][4]["exit_code"], 9);
    end(shim);
}

#[test]
fn a_probe_that_takes_too_long_is_killed() {
    for script in ["exec sleep 1000", "trap '' TERM; while :; do :; done"] {
        let bundle = Bundle::sh("sleep 1000");
        let changes = json!({"timeout": 200 * MS, "retries": 2});
        let shim = checked(&bundle, &runtimes()[0], script, changes).spawn();
        shim.expect_started();
        let report = until(&shim, |report| report["status"] == "unhealthy");
        assert_eq!(report["log"][0]["exit_code"], -1);
        assert_eq!(
            report["log"][0]["output"],
            "Health check exceeded timeout (200ms)"
        );
        end(shim);
    }
}

#[test]
fn a_probe_that_cannot_run_says_why() {
    let bundle = Bundle::sh("sleep 1000");
    let mut process = bundle.config["process"].clone();
    process["args"] = json!(["/no/such/program"]);
    let changes = json!({"process": process, "retries": 1});
    let shim = checked(&bundle, &runtimes()[0], "", changes).spawn();
    shim.expect_started();
    let report = until(&shim, |report| report["status"] == "unhealthy");
    assert_eq!(report["log"][0]["exit_code"], -1);
    let output = report["log"][0]["output"].as_str().unwrap();
    assert!(output.contains("/no/such/program"), "{output}");
    end(shim);
}

#[test]
fn the_output_of_a_probe_is_bounded() {
    let bundle = Bundle::sh("sleep 1000");
    let shim = checked(&bundle, &runtimes()[0], "yes | head -c 3000000", json!({})).spawn();
    shim.expect_started();
    let report = until(&shim, |report| report["status"] == "healthy");
    assert_eq!(
        report["log"][0]["output"].as_str().unwrap().len(),
        4096 + "...".len()
    );
    end(shim);
}

#[test]
fn a_container_that_ends_under_its_probe_is_recorded_at_once() {
    let bundle = Bundle::sh("sleep 0.3; exit 5");
    let changes = json!({"interval": 5 * MS});
    let record = checked(&bundle, &runtimes()[0], "sleep 1000", changes).run();
    assert_eq!(record["exit_code"], 5);
}

#[test]
fn a_check_that_makes_no_sense_is_refused() {
    let bundle = Bundle::sh("sleep 1000");
    let mut shim = checked(&bundle, &runtimes()[0], "true", json!({"interval": 0})).spawn();
    let told = shim.finish_failed();
    assert_eq!(told["step"], "setup");
    assert!(told["message"].as_str().unwrap().contains("check.json"), "{told}");
}
