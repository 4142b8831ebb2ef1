//! The layers of the program (docs/architecture.md): a module uses only modules of lower layers.
// twin: runtime/tests/it/layers.rs (all but the table)

use std::fs;
use std::path::{Path, PathBuf};

/// Lowest first; modules of one layer do not know each other.
const LAYERS: &[&[&str]] = &[
    &["error"],
    &["cli"],
    &["contract", "ttrpc"],
    &["sys"],
    &["journal", "machine", "stdio"],
    &["exit"],
    &["supervise"],
    &["conmon", "reactor", "task"],
    &["lib", "main"],
];

#[test]
fn modules_use_only_lower_layers() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut violations = Vec::new();
    for file in rust_files(&src) {
        let place = file.strip_prefix(&src).unwrap().to_owned();
        let module = top_module(&place);
        let Some(own) = layer(&module) else {
            violations.push(format!(
                "{module} ({}) has no layer in the table",
                place.display()
            ));
            continue;
        };
        for used in used_modules(&fs::read_to_string(&file).unwrap()) {
            if used != module && layer(&used).is_some_and(|used| used >= own) {
                violations.push(format!("{} uses {used}", place.display()));
            }
        }
    }
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

#[test]
fn uses_are_found_in_every_spelling() {
    let text =
        "use crate::a::B;\nuse crate::{b, c::{D, e}, f::g};\nfn x() { crate::h::y() }\n// crate::ignored\n";
    assert_eq!(used_modules(text), ["a", "b", "c", "f", "h"]);
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// The top-level module that a file of src/ belongs to.
fn top_module(place: &Path) -> String {
    let first = place.iter().next().unwrap().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The modules named after `crate::`, in order, outside of comments.
fn used_modules(text: &str) -> Vec<String> {
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n");
    let mut modules = Vec::new();
    for rest in code.split("crate::").skip(1) {
        match rest.strip_prefix('{') {
            Some(list) => modules.extend(names_of_list(list)),
            None => modules.extend(identifier(rest)),
        }
    }
    modules
}

/// The first names of the items of `a, b::{c, d}, e}`.
fn names_of_list(list: &str) -> Vec<String> {
    let (mut names, mut depth, mut at_start) = (Vec::new(), 0, true);
    for (position, character) in list.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => at_start = true,
            _ if at_start && !character.is_whitespace() => {
                names.extend(identifier(&list[position..]));
                at_start = false;
            }
            _ => {}
        }
    }
    names
}

fn identifier(text: &str) -> Option<String> {
    let name: String = text
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    // `crate::Type` is the root's own name.
    (name.starts_with(char::is_lowercase)).then_some(name)
}
