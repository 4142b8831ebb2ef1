//! Documents name tests: they are there.

use std::fs;
use std::path::{Path, PathBuf};

/// A name's file, by where the documents say that it is.
fn file(place: &str) -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    match place.split_once('/') {
        Some(("src", _)) => own.join(format!("{place}.rs")),
        Some(("conformance", rest)) => own.join(format!("../conformance/tests/it/{rest}.rs")),
        Some(("cases", rest)) => own.join(format!("../conformance/cases/{rest}.sh")),
        _ => own.join(format!("tests/it/{place}.rs")),
    }
}

fn read(document: &str) -> String {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    fs::read_to_string(docs.join(document)).unwrap()
}

fn check(document: &str, at_least: usize) {
    let text = read(document);
    let quoted = text.split('`').skip(1).step_by(2);
    let names: Vec<(&str, &str)> = quoted
        .filter_map(|name| name.split_once("::"))
        .filter(|(place, test)| *place != "file" && *test != "…")
        .collect();
    assert!(names.len() >= at_least, "{document}: {names:?}");
    let is_missing = |(place, test): &(&str, &str)| {
        let source = fs::read_to_string(file(place)).unwrap_or_default();
        let beginnings = [format!("fn {test}("), format!("\n{test}()")];
        !beginnings.iter().any(|beginning| source.contains(beginning))
    };
    let missing: Vec<_> = names.into_iter().filter(is_missing).collect();
    assert!(missing.is_empty(), "{document}: {missing:#?}");
}

#[test]
fn the_tests_of_security_exist() {
    check("security.md", 20);
}

#[test]
fn the_tests_of_runcs_behaviours_exist() {
    check("runc-behaviours.md", 76);
    let text = read("runc-behaviours.md");
    let of_point = |number: usize| {
        text.lines()
            .find(|line| line.starts_with(&format!("| {number} |")))
    };
    let without: Vec<usize> = (1..=76)
        .filter(|number| !of_point(*number).is_some_and(|line| line.contains("::")))
        .collect();
    assert!(without.is_empty(), "points without a test: {without:?}");
}
