//! The operations that build the container's file system and enter it.

use super::build::{Input, Plan};
use super::mount_options::{self, NODEV, NOEXEC, NOSUID, Options, RDONLY};
use super::op::{Enter, InitOp, Links, Mount, Namespace, Reach, RootOp, SyncOp, What};
use super::{bind, cgroup_mount, devices};
use crate::error::{Error, Kind, Result};
use crate::oci;
use crate::sys::mount::Attributes;
use std::borrow::Cow;

/// Everything from the mounts to the entered root, with the hooks that belong in between.
pub(super) fn plan<'a>(input: &Input<'a>, plan: &mut Plan<'a>) -> Result<()> {
    plan.init.push(InitOp::Process(super::op::ProcessOp::NewSession));
    let mut keyring = Vec::new();
    super::process::plan_keyring(input, &mut keyring);
    plan.init.extend(keyring.into_iter().map(InitOp::Process));
    if is_based_as_caller(input) {
        // Old kernels could not do it on arrival.
        let (path, as_caller) = (Cow::Borrowed(input.wish.rootfs), false);
        push(plan, [RootOp::BindRoot { path, as_caller }]);
    } else if input.namespace(Namespace::Mount).is_some() {
        plan_base(input, plan)?;
    } else if mounts_something(input) {
        plan_base_outside(input, plan);
    } else {
        let path = Cow::Borrowed(input.wish.rootfs);
        push(plan, [RootOp::OpenRoot { path }]);
        plan_hooks(input, plan);
        enter(input, plan);
        return Ok(());
    }
    for (index, mount) in input.spec.mounts.iter().enumerate() {
        plan_mount(input, index, mount, plan)?;
    }
    push(plan, devices::plan(input)?);
    if input.process.terminal {
        let size = input.process.console_size.map(|size| (size.height, size.width));
        push(
            plan,
            [RootOp::Terminal {
                size,
                uid: input.process.user.uid,
                console: true,
            }],
        );
    }
    plan_hooks(input, plan);
    plan_read_only_dev(input, plan);
    plan_restrictions(input, plan);
    enter(input, plan);
    Ok(())
}

fn push<'a>(plan: &mut Plan<'a>, ops: impl IntoIterator<Item = RootOp<'a>>) {
    plan.init.extend(ops.into_iter().map(InitOp::Root));
}

/// Whether the container needs mounts, or files that only mounts keep off the root file system's own.
fn mounts_something(input: &Input<'_>) -> bool {
    let linux = input.linux;
    !input.spec.mounts.is_empty()
        || !linux.masked_paths.is_empty()
        || !linux.readonly_paths.is_empty()
        || !linux.devices.is_empty()
        || linux.rootfs_propagation.is_some()
        || input.spec.root.as_ref().is_some_and(|root| root.readonly)
        || input.process.terminal
}

/// The root as a mount of the machine's mount namespace, which the container shares: one that hands nothing on, so that
/// what is mounted below it goes away with it.
fn plan_base_outside<'a>(input: &Input<'a>, plan: &mut Plan<'a>) {
    let path = Cow::Borrowed(input.wish.rootfs);
    push(
        plan,
        [
            RootOp::BindRoot {
                path: path.clone(),
                as_caller: false,
            },
            RootOp::PrivateParent { path },
        ],
    );
}

/// The root of a container with users of its own, before the process becomes one of them: the directories above it may be
/// closed to them, and the process is its caller's until then.
pub(super) fn plan_base_as_caller<'a>(input: &Input<'a>, plan: &mut Plan<'a>) -> Result<()> {
    match is_based_as_caller(input) {
        true => plan_base(input, plan),
        false => Ok(()),
    }
}

fn is_based_as_caller(input: &Input<'_>) -> bool {
    input.has_user_namespace() && input.is_new(Namespace::Mount)
}

/// The root as a mount of its own that neither gives nor takes mounts from outside.
fn plan_base<'a>(input: &Input<'a>, plan: &mut Plan<'a>) -> Result<()> {
    // The asked propagation is set at the end; until then only a shared root needs its peers outside, and an
    // unbindable one could show nothing.
    let (flags, name) = match propagation(input)? {
        Some((flags, name)) if flags & MS_SHARED != 0 => (flags, name),
        Some((flags, _)) if flags & (MS_PRIVATE | MS_UNBINDABLE) != 0 => (MS_PRIVATE | MS_REC, "rprivate"),
        _ => (MS_SLAVE | MS_REC, "rslave"),
    };
    let path = Cow::Borrowed(input.wish.rootfs);
    push(
        plan,
        [
            RootOp::Propagation {
                path: "/",
                flags,
                name,
            },
            RootOp::PrivateParent { path: path.clone() },
            RootOp::BindRoot {
                path,
                as_caller: is_based_as_caller(input),
            },
        ],
    );
    Ok(())
}

const MS_REC: u64 = libc::MS_REC;
const MS_SLAVE: u64 = libc::MS_SLAVE;
const MS_SHARED: u64 = libc::MS_SHARED;
const MS_PRIVATE: u64 = libc::MS_PRIVATE;
const MS_UNBINDABLE: u64 = libc::MS_UNBINDABLE;

/// linux.rootfsPropagation as flags of mount(2) and its name.
fn propagation(input: &Input<'_>) -> Result<Option<(u64, &'static str)>> {
    let Some(word) = input
        .linux
        .rootfs_propagation
        .as_deref()
        .filter(|word| !word.is_empty())
    else {
        return Ok(None);
    };
    match mount_options::propagation(word) {
        Some((kind, deep, name)) => Ok(Some((kind | if deep { MS_REC } else { 0 }, name))),
        None => Err(Error::new(
            Kind::Config,
            format!(
                "linux.rootfsPropagation: found {word:?}, expected shared, slave, private, unbindable or their r-forms"
            ),
        )),
    }
}

/// One entry of `mounts`.
fn plan_mount<'a>(
    input: &Input<'a>,
    index: usize,
    mount: &'a oci::Mount<'a>,
    plan: &mut Plan<'a>,
) -> Result<()> {
    let options = mount_options::parse(mount.options.iter().map(oci::Text::as_str));
    let destination = inside(&mount.destination);
    let kind = mount.kind.as_deref().unwrap_or("");
    if options.remount {
        let (attributes, recursive) = (mount_options::of_bind_mount(&options.own), options.recursive);
        push(
            plan,
            [RootOp::Remount {
                destination,
                attributes,
                recursive,
            }],
        );
        return Ok(());
    }
    if options.bind || kind == "bind" || kind == "rbind" {
        let deep = options.deep || kind == "rbind";
        return bind::plan(input, index, mount, &options, deep, plan);
    }
    match kind {
        "cgroup" => push(plan, cgroup_mount::plan(input, destination, &options)),
        "sysfs" if input.has_user_namespace() && !input.is_new(Namespace::Network) => {
            // The kernel lets only the network namespace's owner mount sysfs.
            let what = What::Bind {
                source: "/sys".into(),
                deep: true,
                slot: None,
                links: Links::Follow,
            };
            let mut mount = assemble(destination, what, &options, true);
            // The machine's cgroups and the like are mounted below it (CVE-2023-25809).
            mount.recursive.set |= mount.attributes.set & RDONLY;
            push(plan, [RootOp::Mount(mount)]);
        }
        _ => {
            let what = new_file_system(input, kind, mount, &options);
            let plain = matches!(kind, "proc" | "sysfs");
            let mut mount = assemble(destination, what, &options, plain);
            if is_dev(&mount.destination) {
                // Nodes, links and further mounts are still to be made in it.
                mount.attributes.set &= !RDONLY;
            }
            push(plan, [RootOp::Mount(mount)]);
        }
    }
    Ok(())
}

fn is_dev(destination: &str) -> bool {
    destination.trim_end_matches('/') == "/dev"
}

/// A new /dev that shall be read-only, once everything is in it.
fn plan_read_only_dev<'a>(input: &Input<'a>, plan: &mut Plan<'a>) {
    let asked = |mount: &&oci::Mount<'_>| {
        let options = mount_options::parse(mount.options.iter().map(oci::Text::as_str));
        let is_bind = options.bind || matches!(mount.kind.as_deref(), Some("bind" | "rbind"));
        let is_new = !is_bind && !options.remount;
        is_dev(&inside(&mount.destination)) && is_new && options.own.set & RDONLY != 0
    };
    if input.spec.mounts.iter().any(|mount| asked(&mount)) {
        let attributes = Attributes {
            set: RDONLY,
            ..Attributes::default()
        };
        push(
            plan,
            [RootOp::Remount {
                destination: "/dev".into(),
                attributes,
                recursive: Attributes::default(),
            }],
        );
    }
}

fn new_file_system<'a>(
    input: &Input<'a>,
    kind: &'a str,
    mount: &'a oci::Mount<'a>,
    options: &Options<'a>,
) -> What<'a> {
    let mut data = options.data.clone();
    if kind == "devpts" && input.has_user_namespace() && !maps_group(input, 5) {
        data.retain(|(key, value)| (*key, *value) != ("gid", Some("5")));
    }
    if let Some(label) = input.mount_label().filter(|_| !UNLABELLED.contains(&kind)) {
        data.push(("context", Some(label)));
    }
    let has_mode = data.iter().any(|(key, _)| *key == "mode");
    let source = mount.source.as_deref().unwrap_or(kind);
    What::New {
        fs: kind,
        source,
        data,
        copy_up: options.copy_up,
        keep_mode: kind == "tmpfs" && !has_mode,
        label: input.mount_label().filter(|_| kind == "mqueue"),
    }
}

/// The kernel gives the files of these their labels itself, or takes one for their root only.
const UNLABELLED: &[&str] = &["proc", "sysfs", "mqueue", "cgroup2"];

/// Whether a group id means anything in the container's user namespace.
fn maps_group(input: &Input<'_>, gid: u32) -> bool {
    let holds = |m: &oci::IdMapping| m.container_id <= gid && gid - m.container_id < m.size;
    input.linux.gid_mappings.is_empty() || input.linux.gid_mappings.iter().any(holds)
}

/// A mount of something new: its attributes begin at zero.
pub(super) fn assemble<'a>(
    destination: Cow<'a, str>,
    what: What<'a>,
    options: &Options<'a>,
    plain_directory: bool,
) -> Mount<'a> {
    let bind = matches!(what, What::Bind { .. });
    let reach = match plain_directory {
        true => Reach::NoLinks,
        false => options.reach,
    };
    let attributes = if bind {
        mount_options::of_bind_mount(&options.own)
    } else {
        Attributes {
            set: mount_options::of_new_mount(&options.own),
            ..Attributes::default()
        }
    };
    Mount {
        destination,
        what,
        attributes,
        recursive: options.recursive,
        propagation: options.propagation.clone(),
        reach,
    }
}

/// A destination as an absolute path: the older form without a leading slash is still met.
pub(super) fn inside(path: &str) -> Cow<'_, str> {
    if path.starts_with('/') {
        path.into()
    } else {
        format!("/{path}").into()
    }
}

/// The hooks that run when the mounts are made and the root is not entered yet.
fn plan_hooks<'a>(input: &Input<'a>, plan: &mut Plan<'a>) {
    let Some(hooks) = &input.spec.hooks else { return };
    plan.hooks_meanwhile(hooks);
    let hooks = &hooks.create_container;
    if !hooks.is_empty() {
        plan.await_go();
        let run = SyncOp::Hooks {
            kind: "createContainer",
            hooks,
            count: hooks.len(),
            env: Vec::new(),
        };
        plan.init.push(InitOp::Sync(run));
    }
}

/// What must not be written or read: last, since nothing can be put there afterwards.
fn plan_restrictions<'a>(input: &Input<'a>, plan: &mut Plan<'a>) {
    let linux = input.linux;
    push(
        plan,
        linux.readonly_paths.iter().map(|path| RootOp::ReadOnly { path }),
    );
    push(plan, linux.masked_paths.iter().map(|path| RootOp::Mask { path }));
    if input.spec.root.as_ref().is_some_and(|root| root.readonly) {
        push(plan, [RootOp::ReadOnlyRoot]);
    }
}

/// Into the root, and what can only be said of it as `/`.
fn enter<'a>(input: &Input<'a>, plan: &mut Plan<'a>) {
    let how = match input.namespace(Namespace::Mount) {
        None => Enter::Chroot,
        Some(_) if input.wish.no_pivot => Enter::Move,
        Some(_) => Enter::Pivot,
    };
    let wanted = propagation(input).ok().flatten();
    let shared = wanted.is_some_and(|(flags, _)| flags & MS_SHARED != 0);
    push(plan, [RootOp::EnterRoot { how, shared }]);
    if let Some((flags, name)) = wanted {
        push(
            plan,
            [RootOp::Propagation {
                path: "/",
                flags,
                name,
            }],
        );
    }
}

/// The attributes of file systems that the runtime adds itself.
pub(super) const GUARDED: u64 = NOSUID | NODEV | NOEXEC;
