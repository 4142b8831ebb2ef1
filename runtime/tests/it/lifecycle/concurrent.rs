//! Commands that meet: of one id there is one container, and deleting is once.

use crate::bundle::Bundle;
use std::process::Stdio;

#[test]
fn of_parallel_creates_of_one_id_one_succeeds() {
    let bundle = Bundle::new("race", "exec sleep 1000");
    let mut creates = Vec::new();
    for _ in 0..8 {
        let mut create = bundle.command(&["create", bundle.id()]);
        creates.push(
            create
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap(),
        );
    }
    let mut created = 0;
    for create in creates {
        let output = create.wait_with_output().unwrap();
        if output.status.success() {
            created += 1;
        } else {
            let error = String::from_utf8(output.stderr).unwrap();
            assert!(error.starts_with("container with id exists: "), "{error}");
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
