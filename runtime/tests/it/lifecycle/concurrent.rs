//! Commands that meet: of one id there is one container, and deleting is once.

use crate::bundle::Bundle;
use std::fs;
use std::fs::File;
use std::process::Stdio;

#[test]
fn of_parallel_creates_of_one_id_one_succeeds() {
    let bundle = Bundle::new("race", "exec sleep 1000");
    let mut creates = Vec::new();
    for number in 0..8 {
        // A file: the container inherits standard error, and a pipe would stay open.
        let errors = bundle.file(&format!("errors.{number}"));
        let mut create = bundle.command(&["create", bundle.id()]);
        create
            .stdout(Stdio::null())
            .stderr(File::create(&errors).unwrap());
        creates.push((create.spawn().unwrap(), errors));
    }
    let mut created = 0;
    for (mut create, errors) in creates {
        if create.wait().unwrap().success() {
            created += 1;
        } else {
            let errors = fs::read_to_string(errors).unwrap();
            assert!(errors.starts_with("container with id exists: "), "{errors}");
        }
    }
    assert_eq!(created, 1);
    assert_eq!(bundle.status(), "created");
}

#[test]
fn parallel_deletes_by_force_all_succeed() {
    let bundle = Bundle::new("deletes", "exec sleep 1000");
    bundle.create();
    bundle.must(&["start"]);
    let mut deletes = Vec::new();
    for _ in 0..8 {
        deletes.push(
            bundle
                .command(&["delete", "--force", bundle.id()])
                .spawn()
                .unwrap(),
        );
    }
    for mut delete in deletes {
        assert!(delete.wait().unwrap().success());
    }
    assert_eq!(bundle.leftovers(), [""; 0]);
}

#[test]
fn of_parallel_creates_on_one_empty_cgroup_one_succeeds() {
    let bundle = Bundle::new("group", "exec sleep 1000");
    // A group that is there is nobody's own by having made it.
    let roots = fs::read_dir("/sys/fs/cgroup")
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let roots = roots.chain(["/sys/fs/cgroup".into()]);
    for root in roots.filter(|root| !root.is_symlink() && root.join("cgroup.procs").exists()) {
        if root.join("cgroup.controllers").exists() || root.join("tasks").exists() {
            fs::create_dir(root.join(bundle.id())).unwrap();
        }
    }
    let creates = (0..6).map(|number| {
        let id = format!("{}-{number}", bundle.id());
        let errors = bundle.file(&format!("errors.{number}"));
        let mut create = bundle.command(&["create", &id]);
        create
            .stdout(Stdio::null())
            .stderr(File::create(&errors).unwrap());
        (id, errors, create.spawn().unwrap())
    });
    let creates: Vec<_> = creates.collect();
    let mut created = Vec::new();
    for (id, errors, mut create) in creates {
        if create.wait().unwrap().success() {
            created.push(id);
        } else {
            let errors = fs::read_to_string(errors).unwrap();
            let known = ["another container's", "is not empty", "unexpectedly frozen"];
            assert!(known.iter().any(|words| errors.contains(words)), "{errors}");
        }
    }
    assert_eq!(created.len(), 1, "{created:?}");
    let state = bundle.command(&["state", &created[0]]).output().unwrap().stdout;
    assert!(String::from_utf8(state).unwrap().contains("\"created\""));
    let deleted = bundle.command(&["delete", "--force", &created[0]]).status();
    assert!(deleted.unwrap().success());
}
