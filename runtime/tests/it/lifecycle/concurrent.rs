//! Commands that meet: of one id there is one container, and deleting is once.

use crate::bundle::Bundle;
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
            let errors = std::fs::read_to_string(errors).unwrap();
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
