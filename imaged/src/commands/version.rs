//! `corten version`.

use std::process::{Command, ExitCode, Stdio};

use serde_json::{Value, json};

use crate::engine::programs;
use crate::error::Result;
use crate::format::Template;
use crate::output;
use crate::settings::Settings;

/// Show the versions of corten and of what it uses.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A Go template, or `json`
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let facts = facts(settings);
    let text = match args.format.as_deref() {
        None => Template::parse(
            "corten      {{.Client.Version}} ({{.Client.Os}}/{{.Client.Arch}})\n\
             shim        {{.Shim.Version}}  {{.Shim.Path}}\n\
             runtime     {{.Runtime.Version}}  {{.Runtime.Path}}\n\
             kernel      {{.Kernel}}",
        )?
        .render(&facts)?,
        Some("json") => facts.to_string(),
        Some(template) => Template::parse(template)?.render(&facts)?,
    };
    output::line(text)?;
    Ok(ExitCode::SUCCESS)
}

/// `Client` and `Server` are docker's words for what is one program here.
fn facts(settings: &Settings) -> Value {
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let client = json!({
        "Version": env!("CARGO_PKG_VERSION"),
        "Os": std::env::consts::OS,
        "Arch": crate::engine::architecture(),
    });
    let (shim, runtime) = (program("corten-shim"), program(&settings.runtime));
    let component = |name: &str, program: &Value| json!({"Name": name, "Version": program["Version"], "Details": {"Path": program["Path"]}});
    let mut server = client.clone();
    server["Platform"] = json!({"Name": "Corten"});
    server["KernelVersion"] = json!(kernel.trim());
    server["Components"] = json!([
        component("corten-shim", &shim),
        component("corten-runtime", &runtime)
    ]);
    json!({
        "Client": client,
        "Server": server,
        "Kernel": kernel.trim(),
        "Root": settings.root,
        "Shim": shim,
        "Runtime": runtime,
    })
}

/// Where a program is and what it calls its version.
fn program(name: &str) -> Value {
    let Ok(path) = programs::find(name) else {
        return json!({"Path": name, "Version": "not found"});
    };
    let output = Command::new(&path).arg("--version").stdin(Stdio::null()).output();
    let version = output
        .ok()
        .filter(|output| output.status.success())
        .map(|output| {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            text.lines().next().unwrap_or_default().to_owned()
        });
    json!({"Path": path, "Version": version.unwrap_or_else(|| "unknown".to_owned())})
}
