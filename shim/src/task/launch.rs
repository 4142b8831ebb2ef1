//! `start`: finds the shim of a container's pod or becomes it, and prints its address.

use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use serde::Serialize;

use super::container::Config;
use super::flags::Flags;
use super::options;
use super::peers::Peers;
use super::place::{self, Found, Place};
use super::publisher::Publisher;
use super::state::Shim;
use super::{reactor, say};
use crate::contract::cgroup::{Group, groups};
use crate::error::{Call, Context, Result};
use crate::supervise::call::check_id;
use crate::sys::files::{Durability, replace};
use crate::sys::memory;
use crate::sys::process::{self, Fork};
use crate::sys::socket;
use crate::ttrpc::wire::Any;

/// The annotations that say which containers belong together; the first that is there counts.
const GROUPS: [&str; 2] = ["io.containerd.runc.v2.group", "io.kubernetes.cri.sandbox-id"];
/// The version of the task API from which on the answer is a document.
const DOCUMENT: u32 = 3;

/// The answer of `start` since containerd 2.0.
#[derive(Serialize)]
struct Bootstrap<'a> {
    version: u32,
    address: &'a str,
    protocol: &'a str,
}

/// Runs `start` in a bundle, the working directory.
///
/// # Errors
/// There is no bundle, or no place for a socket.
pub fn start(flags: &Flags) -> Result<()> {
    check_id(&flags.id)?;
    let bundle = std::env::current_dir().call(|| "getcwd")?;
    let config = Config::read(&bundle)?;
    let group = GROUPS.iter().find_map(|name| config.annotations.get(*name));
    let base = place::base(&flags.address);
    let place = Place::new(
        &base,
        &flags.address,
        &flags.namespace,
        group.unwrap_or(&flags.id),
    )?;
    // Before anybody is started: it may fail.
    let shim_cgroup = shim_cgroup().context(|| "the options for the shim")?;
    let address = place.address()?;
    if let Found::Nobody(listener) = place.take()? {
        // By the time the shim looks, the parent of this process is no longer its own.
        let containerd = nix::unistd::getppid().as_raw();
        match process::fork() {
            Ok(Fork::Parent(child)) => {
                let _ = replace(
                    &bundle.join("shim.pid"),
                    child.to_string().as_bytes(),
                    Durability::Atomic,
                );
            }
            Ok(Fork::Child) => return serve(flags, &place, listener, base, &shim_cgroup, containerd),
            Err(error) => {
                place.leave();
                return Err(error);
            }
        }
    }
    // containerd 1.6 finds the shim again by this.
    replace(&bundle.join("address"), address.as_bytes(), Durability::Atomic)?;
    say(answer(&address, std::env::var("MAX_SHIM_VERSION").ok().as_deref()).as_bytes())
}

/// The address alone, or for those who know it the document.
fn answer(address: &str, newest: Option<&str>) -> String {
    let newest = newest
        .and_then(|text| text.parse::<u32>().ok())
        .unwrap_or_default();
    if newest < DOCUMENT {
        return address.to_owned();
    }
    let document = Bootstrap {
        version: DOCUMENT,
        address,
        protocol: "ttrpc",
    };
    serde_json::to_string(&document).unwrap_or_default()
}

/// containerd writes the runtime's options to stdin; of interest here is only where the shim belongs.
fn shim_cgroup() -> Result<String> {
    use std::io::Read;
    let mut message = Vec::new();
    // Nothing may be there to read.
    let _ = std::io::stdin().take(1 << 20).read_to_end(&mut message);
    let options = Any::decode(&message).ok().and_then(|any| {
        // What is wrong with them is said when the container is made.
        options::decode(Some(&any), |path| std::fs::read_to_string(path)).ok()
    });
    Ok(options.unwrap_or_default().shim_cgroup)
}

/// The shim itself.
fn serve(
    flags: &Flags,
    place: &Place,
    listener: UnixListener,
    base: PathBuf,
    cgroup: &str,
    containerd: i32,
) -> Result<()> {
    process::silence()?;
    process::new_session();
    if !cgroup.is_empty() {
        enter_cgroup(cgroup);
    }
    let result = settle(flags, listener, base, containerd).map(|(mut shim, signals)| {
        memory::give_text_back();
        let result = reactor::run(&mut shim, &signals);
        // While the socket is still served: once it is not, a successor may have made another of this name.
        place.leave();
        result
    });
    result.inspect_err(|_| place.leave())?
}

type Settled = (Shim, nix::sys::signalfd::SignalFd);

fn settle(flags: &Flags, listener: UnixListener, base: PathBuf, parent: i32) -> Result<Settled> {
    if std::env::var_os("SCHED_CORE").is_some() {
        process::share_core_with_group()?;
    }
    let _ = std::env::set_current_dir("/");
    let signals = process::signals()?;
    process::become_subreaper()?;
    process::follow_oom_score(parent, 1);
    socket::own(&listener)?;
    let events = std::env::var_os("TTRPC_ADDRESS").filter(|address| !address.is_empty());
    let events = events.unwrap_or_else(|| format!("{}.ttrpc", flags.address).into());
    let publisher = Publisher::new(events.into(), flags.namespace.clone());
    let shim = Shim::new(
        flags.namespace.clone(),
        base,
        default_runtime(),
        Peers::new(listener),
        publisher,
    )?;
    Ok((shim, signals))
}

/// The runtime beside this program, or else the one on PATH.
pub fn default_runtime() -> PathBuf {
    const NAME: &str = "corten-runtime";
    let own = std::env::current_exe().unwrap_or_default();
    let beside = own.with_file_name(NAME);
    match beside.is_file() {
        true => beside,
        false => NAME.into(),
    }
}

/// Moves this process to a cgroup of every hierarchy that has it. That there is none is containerd's affair.
fn enter_cgroup(path: &str) {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let (own, mountinfo) = (read("/proc/self/cgroup"), read("/proc/self/mountinfo"));
    for group in groups(&own) {
        let wanted = Group {
            controllers: group.controllers,
            path,
        };
        if let Some(directory) = wanted.directory(&mountinfo) {
            let _ = std::fs::write(directory.join("cgroup.procs"), "0");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_what_each_containerd_reads() {
        assert_eq!(answer("unix:///s", None), "unix:///s");
        assert_eq!(answer("unix:///s", Some("2")), "unix:///s");
        let document = r#"{"version":3,"address":"unix:///s","protocol":"ttrpc"}"#;
        assert_eq!(answer("unix:///s", Some("3")), document);
        assert_eq!(answer("unix:///s", Some("4")), document);
    }
}
