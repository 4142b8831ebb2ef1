//! Compiles the small static programs that `corten` carries inside itself.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    embed("hello");
    embed("init");
}

/// Compiles `NAME/NAME.rs` to a static program in the build's output directory.
fn embed(name: &str) {
    let source = format!("{name}/{name}.rs");
    println!("cargo::rerun-if-changed={source}");
    println!("cargo::rerun-if-changed=build.rs");
    let output = PathBuf::from(variable("OUT_DIR")).join(name);
    let rustc = variable("RUSTC");
    let target = static_target(&rustc);
    let status = Command::new(&rustc)
        .args([
            "--edition",
            "2024",
            "--crate-type",
            "bin",
            "--crate-name",
            name,
            "--target",
            &target,
        ])
        .args([
            "-C",
            "opt-level=s",
            "-C",
            "panic=abort",
            "-C",
            "strip=symbols",
            "-C",
            "lto=fat",
        ])
        .args(["-C", "codegen-units=1", "-C", "target-feature=+crt-static", "-o"])
        .arg(&output)
        .arg(&source)
        .status();
    match status {
        Ok(status) if status.success() => {}
        other => panic!("{rustc} could not compile {source} for {target}: {other:?}"),
    }
}

/// musl where its standard library is installed (small and quick to start), otherwise static glibc.
fn static_target(rustc: &str) -> String {
    let architecture = variable("CARGO_CFG_TARGET_ARCH");
    let musl = format!("{architecture}-unknown-linux-musl");
    let output = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", &musl])
        .output();
    let is_installed = output.is_ok_and(|output| {
        output.status.success() && Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir()
    });
    if is_installed {
        musl
    } else {
        format!("{architecture}-unknown-linux-gnu")
    }
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|error| panic!("{name}: {error}"))
}
