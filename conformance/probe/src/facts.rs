//! What a process can learn about its surroundings, as one JSON object.

use crate::{json, sys};
use std::env;
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

/// All facts, and the values of the named sysctls.
pub(crate) fn report(sysctls: &[&str]) -> String {
    let mut facts = json::Object::new();
    facts.raw("args", &json::array(env::args().map(|a| json::string(&a))));
    facts.raw("env", &json::array(environment()));
    facts.text(
        "cwd",
        &env::current_dir().map_or_else(|e| e.to_string(), |d| d.display().to_string()),
    );
    facts.raw("pid", &std::process::id().to_string());
    facts.raw("namespaces", &namespaces());
    facts.raw("status", &status());
    facts.raw("limits", &limits());
    facts.raw("mounts", &lines("/proc/self/mountinfo"));
    facts.raw("cgroup", &lines("/proc/self/cgroup"));
    facts.raw("uid_map", &lines("/proc/self/uid_map"));
    facts.raw("gid_map", &lines("/proc/self/gid_map"));
    facts.raw("timens_offsets", &lines("/proc/self/timens_offsets"));
    facts.text("oom_score_adj", &content("/proc/self/oom_score_adj"));
    facts.text("hostname", &content("/proc/sys/kernel/hostname"));
    facts.text("domainname", &content("/proc/sys/kernel/domainname"));
    facts.raw("fds", &descriptors());
    facts.raw(
        "tty",
        &json::array((0..3).map(|fd| sys::is_terminal(fd).to_string())),
    );
    facts.raw("dev", &directory("/dev"));
    facts.raw("root", &directory("/"));
    facts.raw("sysctl", &values(sysctls));
    facts.finish() + "\n"
}

fn content(path: &str) -> String {
    fs::read_to_string(path).map_or_else(|e| format!("error: {e}"), |text| text.trim_end().to_owned())
}

fn lines(path: &str) -> String {
    json::array(content(path).lines().map(json::string))
}

fn environment() -> impl Iterator<Item = String> {
    env::vars_os().map(|(k, v)| json::string(&format!("{}={}", k.to_string_lossy(), v.to_string_lossy())))
}

/// `{"pid": "pid:[4026531836]", …}`
fn namespaces() -> String {
    let mut object = json::Object::new();
    for entry in fs::read_dir("/proc/self/ns").into_iter().flatten().flatten() {
        let target = fs::read_link(entry.path()).unwrap_or_default();
        object.text(&entry.file_name().to_string_lossy(), &target.to_string_lossy());
    }
    object.finish()
}

/// /proc/self/status as an object of strings.
fn status() -> String {
    let mut object = json::Object::new();
    for line in content("/proc/self/status").lines() {
        if let Some((key, value)) = line.split_once(':') {
            object.text(key, &value.split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }
    object.finish()
}

/// `{"Max open files": ["1024", "4096"], …}`
fn limits() -> String {
    let mut object = json::Object::new();
    for line in content("/proc/self/limits").lines().skip(1) {
        let (name, rest) = line.split_at(line.len().min(26));
        let values = rest.split_whitespace().take(2).map(json::string);
        object.raw(name.trim(), &json::array(values));
    }
    object.finish()
}

/// The open descriptors other than the one that reads the directory: `{"0": "/dev/null", …}`
fn descriptors() -> String {
    let mut object = json::Object::new();
    for entry in fs::read_dir("/proc/self/fd").into_iter().flatten().flatten() {
        let target = fs::read_link(entry.path()).unwrap_or_default();
        if !target.ends_with("fd") {
            object.text(&entry.file_name().to_string_lossy(), &target.to_string_lossy());
        }
    }
    object.finish()
}

/// The entries of a directory with type, mode, owner, device number and symlink target.
fn directory(path: &str) -> String {
    let mut object = json::Object::new();
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        object.raw(&entry.file_name().to_string_lossy(), &file(&entry.path()));
    }
    object.finish()
}

fn file(path: &Path) -> String {
    let Ok(meta) = fs::symlink_metadata(path) else {
        return "null".to_owned();
    };
    let kind = match meta.file_type() {
        t if t.is_dir() => "dir",
        t if t.is_symlink() => "symlink",
        t if t.is_char_device() => "char",
        t if t.is_block_device() => "block",
        t if t.is_fifo() => "fifo",
        _ => "file",
    };
    let mut object = json::Object::new();
    object.text("type", kind);
    object.text("mode", &format!("{:o}", meta.mode() & 0o7777));
    object.raw("uid", &meta.uid().to_string());
    object.raw("gid", &meta.gid().to_string());
    object.text(
        "rdev",
        &format!(
            "{}:{}",
            crate::tree::major(meta.rdev()),
            crate::tree::minor(meta.rdev())
        ),
    );
    if let Ok(target) = fs::read_link(path) {
        object.text("target", &target.to_string_lossy());
    }
    object.finish()
}

fn values(sysctls: &[&str]) -> String {
    let mut object = json::Object::new();
    for name in sysctls {
        object.text(name, &content(&format!("/proc/sys/{}", name.replace('.', "/"))));
    }
    object.finish()
}
