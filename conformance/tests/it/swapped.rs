//! Swapped parts: the same runs with runc and crun in our runtime's place, under our shim and our image manager.

use corten_conformance::bundle::Runtime;
use corten_conformance::engine::{Engine, probe_image, serve};
use corten_conformance::probe::{self, Facts, capabilities};
use corten_conformance::pty::Session;
use corten_conformance::{Case, skip};
use serde_json::json;

#[track_caller]
fn the_same_runs(runtime: &Runtime) {
    let case = Case::new();
    let server = serve(probe_image(&json!({})));
    let engine = Engine::with_runtime(&case, runtime);
    engine.pull(&server.image());
    let image = &server.image();
    let out = engine.verb(&["run", "--rm", image]).ok();
    assert_eq!(out.out(), "hello\n");
    for (args, code) in [
        (&["exit", "0"][..], 0),
        (&["exit", "1"], 1),
        (&["exit", "42"], 42),
        (&["crash"], 139),
    ] {
        engine.verb(&["run", "--rm", image]).args(args).run().code(code);
    }
    let out = engine
        .verb(&["run", "--rm", "-i", image, "cat"])
        .stdin("piped")
        .ok();
    assert_eq!(out.out(), "piped");
    let out = engine.verb(&["run", "--rm", image, "bytes", "5000000"]).ok();
    assert!(out.stdout == probe::bytes(5_000_000));
    let mut session = Session::start(engine.verb(&["run", "--rm", "-it", image, "winsize"]), 20, 50);
    session.shows("size 20 50");
    session.type_in("end\r");
    assert_eq!(session.ends().0.code(), Some(0));
    let facts = Facts(engine.verb(&["run", "--rm", image, "facts"]).ok().json());
    assert_eq!(capabilities(facts.status("CapEff")), 0xa804_25fb);
    assert_eq!(facts.status("Seccomp"), "2");
    let id = engine.id(&["run", "-d", image, "block"]);
    engine.verb(&["kill", &id]).ok();
    assert_eq!(engine.verb(&["wait", &id]).ok().out().trim(), "137");
    engine.verb(&["rm", &id]).ok();
    engine
        .verb(&["run", "--rm", "--entrypoint", "/not/there", image])
        .run()
        .code(127);
    engine.assert_no_containers();
}

#[test]
fn runc_under_our_shim() {
    match Runtime::peer("runc") {
        Some(runtime) => the_same_runs(&runtime),
        None => skip!("runc is not installed"),
    }
}

#[test]
fn crun_under_our_shim() {
    match Runtime::peer("crun") {
        Some(runtime) => the_same_runs(&runtime),
        None => skip!("crun is not installed"),
    }
}
