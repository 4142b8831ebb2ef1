//! The runtime in the hands of a user without any privilege: a user namespace that maps this one id, no cgroups.

use corten_conformance::bundle::Runtime;
use corten_conformance::probe::Facts;
use corten_conformance::{Case, Cmd, programs, skip};
use serde_json::{Value, json};
use std::os::unix::fs::chown;
use std::path::Path;

/// A user that no account has.
const USER: u32 = 54321;

/// `corten-runtime` as the user. The programs come along: their directories may be closed to others.
struct Rootless<'a> {
    case: &'a Case,
}

impl<'a> Rootless<'a> {
    /// A bundle by `spec --rootless` that runs `/probe ARGS…`, all of it the user's.
    #[track_caller]
    fn new(case: &'a Case, args: &[&str]) -> Self {
        let bundle = case.dir("bundle");
        case.dir("bundle/rootfs");
        programs::copy(&programs::probe(), &case.path("bundle/rootfs/probe"));
        programs::copy(Runtime::ours().program(), &case.path("runtime"));
        let rootless = Self { case };
        for path in ["bundle", "bundle/rootfs"] {
            chown(case.path(path), Some(USER), Some(USER)).expect("root may");
        }
        rootless
            .as_user(&case.path("runtime"))
            .args(["spec", "--rootless"])
            .ok();
        let config = bundle.join("config.json");
        let mut value: Value =
            serde_json::from_slice(&std::fs::read(&config).expect("written")).expect("JSON");
        value["process"]["terminal"] = json!(false);
        value["process"]["args"] = json!([&["/probe"], args].concat());
        std::fs::write(config, value.to_string()).expect("a file");
        rootless
    }

    fn as_user(&self, program: &Path) -> Cmd {
        let user = USER.to_string();
        self.case
            .cmd("setpriv")
            .args([
                "--reuid",
                &user,
                "--regid",
                &user,
                "--clear-groups",
                "--no-new-privs",
            ])
            .arg(program)
            .cwd(self.case.path("bundle"))
    }

    /// The runtime with a state directory of the user's own.
    fn runtime(&self, runtime: &Path, args: &[&str]) -> Cmd {
        let state = self.case.path("bundle/state");
        self.as_user(runtime).arg("--root").arg(state).args(args)
    }

    fn ours(&self, args: &[&str]) -> Cmd {
        self.runtime(&self.case.path("runtime"), args)
    }
}

#[track_caller]
fn check(facts: &Facts) {
    assert_eq!(facts.at("/pid"), 1);
    assert_eq!(facts.status("Uid"), "0 0 0 0");
    for map in ["/uid_map/0", "/gid_map/0"] {
        let words: Vec<_> = facts.text(map).split_whitespace().collect();
        assert_eq!(words, ["0", "54321", "1"], "{map}");
    }
}

#[test]
fn a_user_without_privileges_runs_a_container() {
    let case = Case::new();
    let rootless = Rootless::new(&case, &["facts"]);
    let out = rootless.ours(&["run", &case.id("run")]).ok();
    check(&Facts(out.json()));
    case.assert_empty("bundle/state");
}

/// What is asked for is what runc, too, does for a user. (crun of Debian 12 does not know this version of the format.)
#[test]
fn the_rootless_bundle_is_for_runc_too() {
    let Some(runc) = programs::peer("runc") else {
        skip!("runc is not installed");
    };
    let case = Case::new();
    let rootless = Rootless::new(&case, &["facts"]);
    let out = rootless.runtime(&runc, &["run", &case.id("runc")]).ok();
    check(&Facts(out.json()));
}

#[test]
fn a_users_container_goes_through_its_whole_life() {
    let case = Case::new();
    let rootless = Rootless::new(&case, &["block"]);
    let id = case.id("life");
    let state = || rootless.ours(&["state", &id]).ok().json();
    rootless.ours(&["create", &id]).ok();
    assert_eq!(state()["status"], "created");
    rootless.ours(&["start", &id]).ok();
    assert_eq!(state()["status"], "running");
    let pid = state()["pid"].as_u64().and_then(|pid| pid.try_into().ok());
    rootless.ours(&["kill", &id, "KILL"]).ok();
    corten_conformance::wait::for_end_of(pid.expect("a pid"));
    assert_eq!(state()["status"], "stopped");
    rootless.ours(&["delete", &id]).ok();
    case.assert_empty("bundle/state");
}
