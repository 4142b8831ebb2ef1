//! Containers whose groups systemd makes, with a stand-in for systemd; the real one is in the test machine's cases.

mod fake;

use crate::bundle::Bundle;
use crate::cgroup::on_pure_v2;
use fake::{Systemd, roots};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

/// A bundle whose scope is in a slice of its own, and the systemd that serves it.
struct Scope {
    bundle: Bundle,
    systemd: Systemd,
    slice: String,
}

impl Scope {
    fn new(name: &str, script: &str, hierarchy: &Path) -> Self {
        let slice = format!("corten_test_{}_{name}", std::process::id());
        let bundle = Bundle::new(name, script);
        bundle.edit(|config| config["linux"]["cgroupsPath"] = json!(format!("{slice}.slice:box:one")));
        let systemd = Systemd::start(bundle.path(), hierarchy, &slice);
        Self {
            bundle,
            systemd,
            slice,
        }
    }

    fn call(&self, args: &[&str]) -> Output {
        let mut command = self.bundle.command(&["--systemd-cgroup"]);
        command.env("DBUS_SYSTEM_BUS_ADDRESS", self.systemd.address());
        command.args(args).arg(self.bundle.id()).output().unwrap()
    }

    /// As [`Self::call`], which must succeed; returns its output.
    #[track_caller]
    fn must(&self, args: &[&str]) -> String {
        let output = self.call(args);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    fn group(&self) -> String {
        format!("{}.slice/box-one.scope", self.slice)
    }

    /// The scope's groups that are there.
    fn groups(&self) -> Vec<PathBuf> {
        let all = roots().into_iter().map(|root| root.join(self.group()));
        all.filter(|group| group.exists()).collect()
    }

    fn methods(&self) -> Vec<String> {
        let calls = self.systemd.calls();
        let names = calls.iter().filter_map(|call| call.split(' ').next());
        names.map(str::to_owned).collect()
    }
}

/// systemd's own hierarchy where v1 ones are in use, else v2's.
fn hierarchy() -> PathBuf {
    let named = PathBuf::from("/sys/fs/cgroup/systemd");
    if named.is_dir() {
        named
    } else {
        "/sys/fs/cgroup".into()
    }
}

#[test]
fn a_scope_is_started_in_every_hierarchy_and_stopped() {
    let scope = Scope::new("scope", "cat /proc/self/cgroup", &hierarchy());
    scope.bundle.edit(|config| {
        let namespaces = config["linux"]["namespaces"].as_array_mut().unwrap();
        namespaces.retain(|namespace| namespace["type"] != "cgroup");
    });
    let said = scope.must(&["run"]);
    let wanted = format!("/{}", scope.group());
    assert!(
        said.lines().count() > 0 && said.lines().all(|line| line.ends_with(&wanted)),
        "{said}"
    );
    assert_eq!(scope.groups(), Vec::<PathBuf>::new());
    assert_eq!(
        scope.methods(),
        [
            "Hello",
            "AddMatch",
            "StartTransientUnit",
            "Hello",
            "AddMatch",
            "StopUnit",
            "ResetFailedUnit"
        ]
    );
}

#[test]
fn a_scope_on_pure_v2_knows_its_limits_and_properties() {
    on_pure_v2(|| {
        let scope = Scope::new("pure", "sleep 100", Path::new("/sys/fs/cgroup"));
        scope.bundle.edit(|config| {
            config["annotations"] = json!({"org.systemd.property.TimeoutStopSec": "7"});
        });
        let mut create = scope
            .bundle
            .command(&["--systemd-cgroup", "create", scope.bundle.id()]);
        create.env("DBUS_SYSTEM_BUS_ADDRESS", scope.systemd.address());
        let log = fs::File::create(scope.bundle.file("log")).unwrap();
        let status = create
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .status()
            .unwrap();
        assert!(
            status.success(),
            "{}",
            fs::read_to_string(scope.bundle.file("log")).unwrap()
        );
        let start = scope
            .systemd
            .calls()
            .into_iter()
            .find(|call| call.starts_with("Start"))
            .unwrap();
        for property in [
            r#"("TimeoutStopUSec", 7000000)"#,
            r#"("Delegate", true)"#,
            r#"("DevicePolicy", "strict")"#,
            &format!(r#"("Slice", "{}.slice")"#, scope.slice),
        ] {
            assert!(start.contains(property), "{property} in {start}");
        }
        assert_eq!(scope.groups().len(), 1);
        scope.must(&["delete", "--force"]);
        assert_eq!(scope.groups(), Vec::<PathBuf>::new());
    });
}

#[test]
fn killed_around_the_start_of_the_scope_delete_leaves_nothing() {
    let scope = Scope::new("killed", "true", &hierarchy());
    let plan = scope.must(&["plan"]);
    let number = |line: &str| line.split_whitespace().next()?.parse::<usize>().ok();
    let start = plan
        .lines()
        .find(|line| line.contains("start the systemd unit"))
        .and_then(number)
        .unwrap();
    for at in [start, start + 1, start + 3] {
        for fault in ["kill", "fail"] {
            let mut create = scope
                .bundle
                .command(&["--systemd-cgroup", "create", scope.bundle.id()]);
            create.env("DBUS_SYSTEM_BUS_ADDRESS", scope.systemd.address());
            create.env("CORTEN_FAULT", format!("{at}:{fault}"));
            // What lives on would hold a pipe open.
            let status = create.stdout(Stdio::null()).stderr(Stdio::null()).status();
            assert!(!status.unwrap().success(), "{fault} at {at}");
            scope.must(&["delete", "--force"]);
            assert_eq!(scope.groups(), Vec::<PathBuf>::new(), "{fault} at {at}");
            assert_eq!(scope.bundle.leftovers(), [""; 0], "{fault} at {at}");
        }
    }
}

#[test]
fn without_systemd_nothing_is_done_and_the_error_says_why() {
    let bundle = Bundle::new("nobody", "true");
    bundle.edit(|config| config["linux"]["cgroupsPath"] = json!("corten_test.slice:box:none"));
    let mut run = bundle.command(&["--systemd-cgroup", "run", bundle.id()]);
    run.env("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere/bus");
    let output = run.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        errors.starts_with("reach systemd: connect(\"/nowhere/bus\"): no such file or directory"),
        "{errors}"
    );
    assert!(
        errors.contains("hint: --systemd-cgroup needs systemd as process 1"),
        "{errors}"
    );
    assert_eq!(bundle.leftovers(), [""; 0]);
}
