//! The image manager: save, load, commit and push of a large image, against podman and docker, each with its own store.

use crate::contest::Contest;
use crate::engines::Engine;
use corten_conformance::Case;
use corten_conformance::large::Large;
use corten_conformance::registry::Registry;
use std::fs;

/// What the container does whose changes are committed.
const CHANGES: &str = "cp -a /usr/lib /usr/share /copy/ && rm -r /usr/share/doc";

pub(crate) fn measure(rounds: usize) {
    let case = Case::new();
    let large = Large::get();
    let image = large.image("gzip");
    let engines: Vec<Engine> = [
        Some(Engine::corten(case.dir("corten"))),
        Engine::podman(case.dir("podman")),
        Engine::docker(&case, case.dir("docker")),
    ]
    .into_iter()
    .flatten()
    .collect();
    for engine in &engines {
        engine.transfer("pull", &image);
        let changes = format!("mkdir /copy && {CHANGES}");
        let options = ["run", "--name", "box", "--network", "none"];
        let command = [image.as_str(), "sh", "-c", &changes];
        engine.run(&[&options[..], engine.limits(), &command].concat());
    }
    let [mut save, mut load, mut commit, mut push]: [Contest; 4] = Default::default();
    for round in 0..rounds {
        for engine in &engines {
            let archive = case.path("archive.tar");
            let archive = archive.to_str().expect("a path of letters");
            save.add(
                engine.name,
                Some(engine.run(&["save", "--output", archive, &image])),
            );
            let fresh = fresh(&case, engine.name);
            load.add(
                engine.name,
                fresh.map(|fresh| fresh.run(&["load", "--input", archive])),
            );
            fs::remove_file(archive).expect("the archive");
            commit.add(
                engine.name,
                Some(engine.run(&["commit", "box", &format!("made:{round}")])),
            );
            engine.run(&["rmi", &format!("made:{round}")]);
            let registry = case.dir("registry");
            {
                let registry = Registry::serve(&registry, false);
                let target = registry.image("large:1");
                engine.run(&["tag", &image, &target]);
                push.add(engine.name, Some(engine.transfer("push", &target)));
                engine.run(&["rmi", &target]);
            }
            fs::remove_dir_all(registry).expect("the registry's directory");
        }
    }
    for (contest, verb) in [(save, "save"), (load, "load"), (commit, "commit"), (push, "push")] {
        contest.print(verb);
    }
    for engine in &engines {
        engine.run(&["rm", "--force", "box"]);
    }
}

/// The same program with an empty store.
fn fresh(case: &Case, name: &str) -> Option<Engine> {
    let store = case.dir("fresh");
    match name {
        "corten" => Some(Engine::corten(store)),
        "podman" => Engine::podman(store),
        _ => Engine::docker(case, store),
    }
}
