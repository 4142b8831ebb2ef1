//! The man pages come from the command line's definition: the committed copies must not drift. (People seldom type the
//! shim's name, so there are no completions.)
//!
//! `CORTEN_BLESS=1 cargo test -p corten-shim --test it manual` writes them anew.

use std::fs;
use std::path::Path;

use clap::{Command, CommandFactory};

const NAME: &str = "corten-shim";

#[test]
fn man_pages_are_those_of_the_command_line() {
    let mut command = corten_shim::cli::Cli::command();
    command.build();
    check(command.clone(), NAME);
    for verb in command.get_subcommands() {
        let bin_name = format!("{NAME} {}", verb.get_name());
        check(
            verb.clone().bin_name(bin_name),
            &format!("{NAME}-{}", verb.get_name()),
        );
    }
}

#[test]
fn conmon_s_man_page_is_that_of_the_command_line() {
    check(corten_shim::conmon::cli::Args::command(), "corten-conmon");
}

fn check(command: Command, title: &str) {
    let mut page = Vec::new();
    let man = clap_mangen::Man::new(command)
        .title(title.to_uppercase())
        .section("8");
    man.date("").source("Corten").render(&mut page).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../docs/man/{title}.8"));
    if std::env::var_os("CORTEN_BLESS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    assert!(
        fs::read(&path).unwrap_or_default() == page,
        "{} is stale: run CORTEN_BLESS=1 cargo test -p {NAME} --test it manual",
        path.display()
    );
}
