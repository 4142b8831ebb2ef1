//! docs/security.md names tests: they are there.

use std::fs;
use std::path::Path;

#[test]
fn the_tests_that_are_named_exist() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(own.join("../docs/security.md")).unwrap();
    let names = text
        .split('`')
        .skip(1)
        .step_by(2)
        .filter_map(|name| name.split_once("::"));
    let names: Vec<(&str, &str)> = names.filter(|(file, _)| *file != "file").collect();
    assert!(names.len() > 20, "{names:?}");
    for (file, test) in names {
        let source = fs::read_to_string(own.join(format!("tests/it/{file}.rs"))).unwrap_or_default();
        assert!(source.contains(&format!("fn {test}()")), "{file}::{test}");
    }
}
