//! `ps`: the processes of one container.

use super::{Verb, print_text};
use crate::cli::Globals;
use crate::container::{Container, Id};
use crate::error::{Error, Kind, Result};
use clap::Args;
use std::ffi::OsString;
use std::process::Command;

/// Show the processes of a container
#[derive(Debug, Args)]
pub(super) struct PsArgs {
    /// table or json
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    format: String,

    /// The container's id, then options of ps(1) [default: -ef]
    #[arg(value_names = ["CONTAINER-ID", "PS-OPTION"], required = true, num_args = 1.., trailing_var_arg = true)]
    words: Vec<OsString>,
}

impl Verb for PsArgs {
    const NAME: &'static str = "ps";
    const ABOUT: &'static str = "show the processes of a container";

    fn run(self, globals: &Globals) -> Result<u8> {
        let (id, options) = self
            .words
            .split_first()
            .ok_or_else(|| Error::new(Kind::Usage, "ps needs an id"))?;
        let container = Container::open(&globals.root, &Id::parse(&id.to_string_lossy())?)?;
        let pids = container.pids()?;
        match self.format.as_str() {
            "json" => print_text(&format!(
                "[{}]\n",
                pids.iter().map(i32::to_string).collect::<Vec<_>>().join(",")
            )),
            "table" => print_text(&select(&ps_output(options)?, &pids)?),
            _ => Err(Error::new(Kind::Usage, "invalid format option").hint("--format is table or json")),
        }
    }
}

fn ps_output(options: &[OsString]) -> Result<String> {
    let default = [OsString::from("-ef")];
    let options = if options.is_empty() { &default } else { options };
    let output = Command::new("ps").args(options).output().map_err(|error| {
        Error::syscall("execve ps", error.raw_os_error().unwrap_or(0))
            .hint("install procps, or use --format json, which needs no ps")
    })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(Error::new(
            Kind::Usage,
            format!("ps failed ({}): {said}", output.status),
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The header and the lines of the given pids.
fn select(table: &str, pids: &[i32]) -> Result<String> {
    let header = table.lines().next().unwrap_or_default();
    let column = header
        .split_whitespace()
        .position(|title| title == "PID")
        .ok_or_else(|| {
            Error::new(Kind::Usage, "couldn't find PID field in ps output")
                .hint("choose ps options that show the pid")
        })?;
    let is_ours = |line: &&str| {
        let pid = line
            .split_whitespace()
            .nth(column)
            .and_then(|pid| pid.parse::<i32>().ok());
        pid.is_some_and(|pid| pids.contains(&pid))
    };
    let ours = table
        .lines()
        .skip(1)
        .filter(is_ours)
        .map(|line| format!("{line}\n"));
    Ok(format!("{header}\n") + &ours.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str =
        "UID   PID  PPID CMD\nroot    1     0 init\nroot   12     1 sleep 12\nroot    2     0 12\n";

    #[test]
    fn selects_lines_by_the_pid_column_alone() {
        assert_eq!(
            select(TABLE, &[12]).unwrap(),
            "UID   PID  PPID CMD\nroot   12     1 sleep 12\n"
        );
    }

    #[test]
    fn a_table_without_pids_is_an_error() {
        assert_eq!(
            select("CMD\ninit\n", &[1]).unwrap_err().to_string(),
            "couldn't find PID field in ps output"
        );
    }
}
