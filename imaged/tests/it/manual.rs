//! The man pages and shell completions come from the command line's definition: the committed copies must not drift.
//!
//! `CORTEN_BLESS=1 cargo test -p corten-imaged --test it manual` writes them anew.
// twin: runtime/tests/it/manual.rs (all but the names)

use clap::Command;
use clap_complete::Shell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const NAME: &str = "corten";

#[test]
fn man_pages_are_those_of_the_command_line() {
    let mut pages = BTreeMap::new();
    let mut command = complete_command();
    add_page(&mut pages, command.clone().name(NAME), NAME);
    for verb in command.get_subcommands_mut().filter(|verb| is_built(verb)) {
        let title = format!("{NAME}-{}", verb.get_name());
        add_page(
            &mut pages,
            verb.clone().bin_name(format!("{NAME} {}", verb.get_name())),
            &title,
        );
    }
    check(&docs().join("man"), &pages);
}

#[test]
fn completions_are_those_of_the_command_line() {
    let mut scripts = BTreeMap::new();
    for (shell, name) in [
        (Shell::Bash, format!("{NAME}.bash")),
        (Shell::Zsh, format!("_{NAME}")),
        (Shell::Fish, format!("{NAME}.fish")),
    ] {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut complete_command(), NAME, &mut script);
        scripts.insert(name, script);
    }
    check(&docs().join("completions"), &scripts);
}

/// The command line with all verbs' options, which are built only when they are needed.
fn complete_command() -> Command {
    let mut command = corten_imaged::command();
    command.build();
    command
}

/// Whether a verb does something: those to come take any words and have no page yet.
fn is_built(verb: &Command) -> bool {
    verb.get_name() != "help"
        && !verb
            .get_arguments()
            .any(|argument| argument.get_id() == "ignored")
}

fn add_page(pages: &mut BTreeMap<String, Vec<u8>>, command: Command, title: &str) {
    let mut page = Vec::new();
    let man = clap_mangen::Man::new(command)
        .title(title.to_uppercase())
        .section("1")
        .date("")
        .source("Corten");
    man.render(&mut page).unwrap();
    pages.insert(format!("{title}.1"), page);
}

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

fn check(dir: &Path, expected: &BTreeMap<String, Vec<u8>>) {
    let bless = std::env::var_os("CORTEN_BLESS").is_some();
    for (name, content) in expected {
        let path = dir.join(name);
        if bless {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, content).unwrap();
        }
        let committed = fs::read(&path).unwrap_or_default();
        let same = committed == *content;
        assert!(
            same,
            "{} is stale: run CORTEN_BLESS=1 cargo test -p corten-imaged --test it manual",
            path.display()
        );
    }
}
