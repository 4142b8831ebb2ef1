//! `plan`: what `create` and `start` would do, operation by operation, without doing it.

use super::Verb;
use super::bundle_args::cgroup_driver;
use super::print_text;
use crate::cli::Globals;
use crate::container::Bundle;
use crate::error::{Error, Kind, Result};
use crate::launch;
use crate::plan::{Plan, Wish, build};
use clap::Args;
use serde::Serialize;
use std::fmt::{Display, Write};
use std::path::PathBuf;

/// Print the operations that create and start a container, in order
#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    /// The directory with config.json [default: the current directory]
    #[arg(
        short,
        long,
        value_name = "DIR",
        default_value = ".",
        hide_default_value = true
    )]
    bundle: PathBuf,

    /// Plan for MS_MOVE and chroot instead of pivot_root
    #[arg(long)]
    no_pivot: bool,

    /// Plan without a new session keyring
    #[arg(long)]
    no_new_keyring: bool,

    /// The form: text or json
    #[arg(short, long, value_name = "FORMAT", default_value = "text")]
    format: String,

    /// The container's id, which names its cgroup and keyring
    #[arg(value_name = "CONTAINER-ID", default_value = "container")]
    id: String,
}

impl Verb for PlanArgs {
    const NAME: &'static str = "plan";
    const ABOUT: &'static str = "print what create and start would do";

    fn run(self, globals: &Globals) -> Result<u8> {
        let bundle = Bundle::read(&self.bundle)?;
        let spec = bundle.spec()?;
        let path = bundle.path.to_string_lossy();
        let rootfs = launch::resolve_root(&bundle.path, &spec)?;
        let facts = launch::find_facts(&self.id, &spec, cgroup_driver(globals))?;
        let wish = Wish {
            id: &self.id,
            bundle: &path,
            rootfs: &rootfs,
            no_pivot: self.no_pivot,
            no_new_keyring: self.no_new_keyring,
            preserve_fds: 0,
            listen_fds: 0,
            listen_env: &[],
            start_socket: true,
        };
        let plan = build(wish, &spec, &facts)?;
        match &*self.format {
            "text" => print_text(&as_text(&plan)),
            "json" => print_text(&as_json(&plan)?),
            other => Err(Error::new(
                Kind::Usage,
                format!("--format: found {other:?}, expected text or json"),
            )),
        }
    }
}

const PARTS: [&str; 3] = [
    "runtime, until the container's process is born",
    "container's process",
    "runtime, from then on",
];

/// One line per operation, numbered as fault injection counts them.
fn as_text(plan: &Plan<'_>) -> String {
    let mut text = String::new();
    let mut number = 0;
    let mut part = |title: &str, ops: &mut dyn Iterator<Item = &dyn Display>| {
        let _ = writeln!(text, "{title}:");
        for op in ops {
            let _ = writeln!(text, "{number:4}  {op}");
            number += 1;
        }
    };
    part(PARTS[0], &mut plan.before.iter().map(|op| op as &dyn Display));
    part(PARTS[1], &mut plan.init.iter().map(|op| op as &dyn Display));
    part(PARTS[2], &mut plan.after.iter().map(|op| op as &dyn Display));
    for warning in &plan.warnings {
        let _ = writeln!(text, "warning: {warning}");
    }
    text
}

#[derive(Serialize)]
struct Json<'a, 'p> {
    before: &'a [crate::plan::op::HostOp<'p>],
    container: &'a [crate::plan::op::InitOp<'p>],
    after: &'a [crate::plan::op::HostOp<'p>],
    warnings: &'a [String],
}

fn as_json(plan: &Plan<'_>) -> Result<String> {
    let Plan {
        before,
        init,
        after,
        warnings,
        ..
    } = plan;
    let mut text = serde_json::to_string_pretty(&Json {
        before,
        container: init,
        after,
        warnings,
    })
    .map_err(|error| Error::new(Kind::System, format!("print the plan: {error}")))?;
    text.push('\n');
    Ok(text)
}
