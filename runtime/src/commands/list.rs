//! `list`: the containers below `--root`.

use super::{Verb, print_text};
use crate::cli::Globals;
use crate::container;
use crate::error::{Error, Kind, Result};
use crate::oci::Report;
use clap::Args;

/// List the containers below --root
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// table or json
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    format: String,

    /// Show only the ids
    #[arg(short, long)]
    quiet: bool,
}

impl Verb for ListArgs {
    const NAME: &'static str = "list";
    const ABOUT: &'static str = "list the containers below --root";

    fn run(self, globals: &Globals) -> Result<u8> {
        let containers = container::list(&globals.root)?;
        if self.quiet {
            let ids = containers
                .iter()
                .map(|container| format!("{}\n", container.id()))
                .collect::<String>();
            return print_text(&ids);
        }
        let owners = containers
            .iter()
            .map(|container| owner(container.owner()))
            .collect::<Vec<_>>();
        let reports = containers.iter().zip(&owners);
        let reports = reports
            .map(|(container, owner)| Report {
                owner,
                ..container.report()
            })
            .collect::<Vec<_>>();
        match self.format.as_str() {
            "table" => print_text(&table(&reports)),
            "json" => print_text(&json(&reports)?),
            _ => Err(Error::new(Kind::Usage, "invalid format option").hint("--format is table or json")),
        }
    }
}

/// The user's name in /etc/passwd, the number where there is none.
fn owner(uid: u32) -> String {
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    name_of(uid, &passwd).map_or_else(|| format!("#{uid}"), str::to_owned)
}

fn name_of(uid: u32, passwd: &str) -> Option<&str> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then_some(name)
    })
}

fn json(reports: &[Report<'_>]) -> Result<String> {
    let text = serde_json::to_string(reports)
        .map_err(|error| Error::new(Kind::System, format!("write JSON: {error}")))?;
    Ok(text + "\n")
}

/// Columns at least 12 wide, three blanks apart, as runc prints them.
fn table(reports: &[Report<'_>]) -> String {
    let mut rows = vec![["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"].map(str::to_owned)];
    rows.extend(reports.iter().map(|report| {
        [
            report.id.to_owned(),
            report.pid.to_string(),
            report.status.to_string(),
            report.bundle.to_owned(),
            report.created.to_owned(),
            report.owner.to_owned(),
        ]
    }));
    let width = |column: usize| {
        let longest = rows
            .iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0);
        (longest + 3).max(12)
    };
    let widths = std::array::from_fn::<usize, 5, _>(width);
    let line = |row: &[String; 6]| {
        let cells = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect::<String>();
        cells + &row[5] + "\n"
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::{Map, Status};

    #[test]
    fn owners_are_named_by_passwd() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\nbad line\nann:x:1000:1000::/home/ann:/bin/sh\n";
        assert_eq!(name_of(1000, passwd), Some("ann"));
        assert_eq!(name_of(7, passwd), None);
    }

    #[test]
    fn the_table_looks_like_runcs() {
        let report = Report {
            oci_version: "1.3.0",
            id: "a",
            pid: 42,
            status: Status::Running,
            bundle: "/bundles/long",
            rootfs: "/bundles/long/rootfs",
            created: "2026-01-02T03:04:05.000000006Z",
            annotations: &Map::new(),
            owner: "root",
        };
        assert_eq!(
            table(&[report]),
            "ID          PID         STATUS      BUNDLE          CREATED                          OWNER\n\
             a           42          running     /bundles/long   2026-01-02T03:04:05.000000006Z   root\n"
        );
        assert_eq!(
            table(&[]),
            "ID          PID         STATUS      BUNDLE      CREATED     OWNER\n"
        );
    }
}
