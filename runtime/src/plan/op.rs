//! The operations of a plan: one kernel effect each, with complete arguments, in the words of its errors.
//!
//! [`HostOp`]s are the runtime's, before and after the clone. The container's first process runs
//! [`InitOp`]s: [`RootOp`]s build its file system, [`ProcessOp`]s make the process what it shall be, and
//! [`SyncOp`]s join the two sides.

use super::{cgroup, resctrl};
use crate::oci::Hook;
use crate::sys::mount::Attributes;
use crate::sys::schedule::Scheduling;
use serde::Serialize;
use std::borrow::Cow;

/// Where an opened descriptor waits for the operation that uses it.
pub type Slot = usize;

/// What the runtime does on its side.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "op", rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are said by each operation's own sentence")]
pub enum HostOp<'a> {
    /// Makes, limits or finishes cgroups.
    Cgroup { cgroup: cgroup::Op },
    /// systemd makes the cgroups, and moves the container's process into them.
    StartScope { scope: &'a cgroup::systemd::Scope },
    /// Opens a namespace file for the container's process.
    OpenNamespace {
        slot: Slot,
        kind: Namespace,
        path: Cow<'a, str>,
    },
    /// Copies the tree of a bind mount's source while the runtime's rights still reach it.
    OpenSource {
        slot: Slot,
        source: Cow<'a, str>,
        deep: bool,
        /// Whether a symbolic link as its last part is followed.
        follow: bool,
        /// The user namespace that maps the tree's ids.
        map: Option<Slot>,
        map_deep: bool,
    },
    /// Makes a user namespace that only serves to map the ids of mounts.
    MakeIdMap { slot: Slot, uids: String, gids: String },
    /// Nobody without rights over the machine may look into the runtime, nor into what it makes.
    Hide,
    /// The runtime, and what it makes, runs on these CPUs (a bit mask).
    Affinity { cpus: Vec<u64> },
    /// Children are born in this pid namespace.
    EnterPidNamespace { slot: Slot },
    /// Children are born in a new time namespace with these offsets.
    MakeTimeNamespace { offsets: String },
    /// The container's process is born.
    Clone {
        flags: u64,
        in_cgroup: bool,
        /// Joined before, by a process in between. That one stays in the runtime's pid namespace, where it learns the id of
        /// what it makes in `pid_namespace`.
        user_namespace: Option<Slot>,
        pid_namespace: Option<Slot>,
    },
    /// The process that was born leaves its place to the one it makes in the pid namespace.
    Adopt,
    /// Children are born in the runtime's own namespaces again.
    LeaveNamespaces { pid: bool, time: bool },
    /// Denies setgroups(2) in the user namespace, which lets an unprivileged runtime map groups.
    DenySetgroups,
    /// Maps the user ids of the new user namespace.
    MapUsers { map: String },
    /// Maps the group ids of the new user namespace.
    MapGroups { map: String },
    /// Says how readily the kernel kills the process when memory is short.
    OomScore { value: i64 },
    /// Sets a resource limit of the container's process.
    Limit {
        name: Cow<'a, str>,
        resource: u32,
        soft: u64,
        hard: u64,
    },
    /// Moves a network device to the container's namespace: a joined one, or else its process's.
    MoveNetDevice {
        name: &'a str,
        new_name: &'a str,
        joined: Option<Slot>,
    },
    /// Makes, fills or joins resctrl groups.
    Resctrl { resctrl: resctrl::Op },
    /// Sets policy and priority of the container's process.
    Schedule { scheduling: Scheduling },
    /// Sets class and level of the process's I/O, as one number.
    IoPriority { priority: u32 },
    /// Runs hooks in the runtime's namespaces.
    Hooks {
        kind: &'static str,
        #[serde(skip)]
        hooks: &'a [Hook<'a>],
        count: usize,
    },
    /// The container's process may go on.
    Send { message: Sync },
    /// Waits for the container's process.
    Await { message: Sync },
}

/// What the container's first process does.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
#[expect(missing_docs, reason = "each wraps the enum of that name")]
pub enum InitOp<'a> {
    Cgroup(cgroup::Op),
    Sync(SyncOp<'a>),
    Process(ProcessOp<'a>),
    Root(RootOp<'a>),
}

/// Points at which the two sides wait for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Sync {
    /// Runtime to container: the process is on record and mapped, go on.
    Go,
    /// Container to runtime: the mounts are made; the createRuntime hooks may run.
    Mounted,
    /// Runtime to container: the hooks have run.
    HooksDone,
    /// Container to runtime: set up, waiting for the start.
    Ready,
    /// To the container: become the user's program.
    Start,
}

/// What the container's process does to meet others.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "op", rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are said by each operation's own sentence")]
pub enum SyncOp<'a> {
    Send {
        message: Sync,
    },
    Await {
        message: Sync,
    },
    /// Waits for `start`, on the socket in the state directory or on the creating process's channel.
    AwaitStart {
        socket: bool,
    },
    /// Runs hooks in the container's namespaces.
    Hooks {
        kind: &'static str,
        #[serde(skip)]
        hooks: &'a [Hook<'a>],
        count: usize,
        /// The environment of those that have none of their own.
        env: Vec<&'a str>,
    },
}

/// What the container's process does to itself.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "op", rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are said by each operation's own sentence")]
pub enum ProcessOp<'a> {
    /// The process is killed if the runtime ends before creation is done (and no longer, with `false`).
    DieWithRuntime {
        on: bool,
    },
    /// Nobody inside may look into the process while it is still the runtime's program.
    Hide,
    JoinNamespace {
        slot: Slot,
        kind: Namespace,
    },
    /// Joins namespaces of a container's init, all at once where the kernel can.
    JoinNamespaces {
        slot: Slot,
        init: i32,
        kinds: Vec<Namespace>,
    },
    /// Goes on as a child, which is born in the pid namespace that was joined.
    Fork,
    Unshare {
        kind: Namespace,
    },
    /// Becomes user 0 of the user namespace.
    BecomeRoot {
        drop_groups: bool,
    },
    NewSession,
    NewKeyring {
        name: String,
    },
    HostName {
        name: &'a str,
    },
    DomainName {
        name: &'a str,
    },
    /// Writes a kernel parameter; `path` is below /proc/sys.
    Sysctl {
        path: String,
        value: &'a str,
    },
    Schedule {
        scheduling: Scheduling,
    },
    IoPriority {
        priority: u32,
    },
    Personality {
        domain: u32,
    },
    /// Where memory comes from: the mode with its flags, the nodes as a bit mask.
    MemoryPolicy {
        mode: u32,
        nodes: Vec<u64>,
    },
    /// The SELinux label of the next program (`exec`) or of new keys (`keycreate`).
    Label {
        attribute: &'static str,
        label: &'a str,
    },
    /// The next program runs under this AppArmor profile.
    AppArmor {
        profile: &'a str,
    },
    Limit {
        name: Cow<'a, str>,
        resource: u32,
        soft: u64,
        hard: u64,
    },
    /// Says how readily the kernel kills the process when memory is short.
    OomScore {
        value: i64,
    },
    /// Runs on these CPUs (a bit mask).
    Affinity {
        cpus: Vec<u64>,
    },
    /// Runs on every CPU that its cgroups allow, whatever its caller was bound to.
    ResetAffinity,
    /// Pipes and terminals among the standard streams become the user's, who may then open them again.
    OwnStreams {
        uid: u32,
    },
    /// Closes what was opened outside to build the container.
    LetGo,
    Umask {
        mask: u32,
    },
    /// Keeps only these capabilities in the bounding set.
    BoundingSet {
        keep: u64,
    },
    Groups {
        groups: &'a [u32],
    },
    Group {
        gid: u32,
    },
    /// Becomes the user; the permitted capabilities are kept for the operations still to come.
    User {
        uid: u32,
    },
    /// Makes the working directory current and proves that it is inside.
    WorkDir {
        path: &'a str,
        how: WorkDir,
    },
    /// Sets HOME from the container's /etc/passwd.
    Home {
        uid: u32,
    },
    /// Finds the program by the container's PATH.
    FindProgram {
        name: &'a str,
        search: Option<&'a str>,
    },
    NoNewPrivileges,
    Seccomp {
        instructions: usize,
        #[serde(skip)]
        filter: Cow<'a, [crate::sys::seccomp::Insn]>,
        flags: u32,
    },
    Capabilities {
        effective: u64,
        permitted: u64,
        inheritable: u64,
        ambient: u64,
    },
    /// Descriptors from `first` on do not survive the next operation.
    CloseOnExec {
        first: u32,
    },
    Execute {
        args: Vec<&'a str>,
        env: Vec<&'a str>,
    },
}

/// The ways to the working directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum WorkDir {
    /// It is made where it is missing.
    Make,
    /// It must be there.
    Find,
    /// As the user now, if it was closed to the process before.
    Again,
}

/// What builds the container's file system; paths are inside its root unless said otherwise.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "op", rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are said by each operation's own sentence")]
pub enum RootOp<'a> {
    /// Changes the propagation of all mounts of the new mount namespace.
    Propagation {
        path: &'static str,
        flags: u64,
        name: &'static str,
    },
    /// The mount that holds the root file system gets no part in others' mounts.
    PrivateParent {
        path: Cow<'a, str>,
    },
    /// Makes the root file system a mount of its own, if it is not one.
    BindRoot {
        path: Cow<'a, str>,
        /// The process is not yet one of the container's users.
        as_caller: bool,
    },
    /// Opens the root file system where there is no mount namespace of the container's own.
    OpenRoot {
        path: Cow<'a, str>,
    },
    Mount(Mount<'a>),
    /// Changes the attributes of a mount that is already there.
    Remount {
        destination: Cow<'a, str>,
        attributes: Attributes,
        recursive: Attributes,
    },
    Device {
        path: Cow<'a, str>,
        kind: char,
        major: u64,
        minor: u64,
        mode: u32,
        uid: u32,
        gid: u32,
        bind: bool,
    },
    Link {
        path: Cow<'a, str>,
        target: Cow<'a, str>,
    },
    /// Makes the terminal; its slave becomes standard input, output and error, and `/dev/console` if it is init's.
    Terminal {
        size: Option<(u16, u16)>,
        uid: u32,
        console: bool,
    },
    Mask {
        path: &'a str,
    },
    ReadOnly {
        path: &'a str,
    },
    ReadOnlyRoot,
    /// Makes the container's root the process's root; `shared`: mounts outside are still peers.
    EnterRoot {
        how: Enter,
        shared: bool,
    },
}

/// The ways into the container's root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Enter {
    /// pivot_root(2), and the old root is detached.
    Pivot,
    /// MS_MOVE over `/` and chroot(2), where pivot_root cannot work (a root on ramfs).
    Move,
    /// chroot(2) alone, where there is no mount namespace of the container's own.
    Chroot,
}

/// One mount of config.json.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Mount<'a> {
    /// Where.
    pub destination: Cow<'a, str>,
    /// What is mounted there.
    pub what: What<'a>,
    /// What its attributes become.
    pub attributes: Attributes,
    /// What its attributes and those of the mounts below become.
    pub recursive: Attributes,
    /// Propagations, in order, with whether they go down.
    pub propagation: Vec<(u64, bool)>,
    /// Which symbolic links may lead to the destination.
    pub reach: Reach,
}

/// Which symbolic links may lead to a mount's destination.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Reach {
    /// Any, within the root.
    #[default]
    Inside,
    /// Any but as the last part: a link is mounted over itself.
    LastNot,
    /// None (/proc and /sys).
    NoLinks,
}

/// What a symbolic link as a bind mount's source means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Links {
    /// What it leads to is bound.
    #[default]
    Follow,
    /// The link itself is bound.
    Bind,
    /// The same link is made in the container.
    Copy,
}

/// What a mount shows.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
#[expect(missing_docs, reason = "the words of config.json")]
pub enum What<'a> {
    /// An existing tree; `slot` when the runtime opened it.
    Bind {
        source: Cow<'a, str>,
        deep: bool,
        slot: Option<Slot>,
        links: Links,
    },
    /// A new instance of a file system.
    New {
        fs: &'a str,
        source: &'a str,
        data: Vec<(&'a str, Option<&'a str>)>,
        copy_up: bool,
        keep_mode: bool,
        /// The SELinux label of its root, where the file system takes it by no option.
        label: Option<&'a str>,
    },
}

/// The kinds of namespaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the words of config.json")]
pub enum Namespace {
    User,
    Mount,
    Pid,
    Network,
    Ipc,
    Uts,
    Cgroup,
    Time,
}

impl Namespace {
    /// In the order in which they are joined: user first, since it gives the right to join the others.
    pub const ALL: [Self; 8] = [
        Self::User,
        Self::Mount,
        Self::Pid,
        Self::Network,
        Self::Ipc,
        Self::Uts,
        Self::Cgroup,
        Self::Time,
    ];

    /// The kind of that name in config.json.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == word)
    }

    /// The name in config.json.
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Mount => "mount",
            Self::Pid => "pid",
            Self::Network => "network",
            Self::Ipc => "ipc",
            Self::Uts => "uts",
            Self::Cgroup => "cgroup",
            Self::Time => "time",
        }
    }

    /// CLONE_NEW….
    pub const fn flag(self) -> i32 {
        match self {
            Self::User => libc::CLONE_NEWUSER,
            Self::Mount => libc::CLONE_NEWNS,
            Self::Pid => libc::CLONE_NEWPID,
            Self::Network => libc::CLONE_NEWNET,
            Self::Ipc => libc::CLONE_NEWIPC,
            Self::Uts => libc::CLONE_NEWUTS,
            Self::Cgroup => libc::CLONE_NEWCGROUP,
            Self::Time => 0x80,
        }
    }
}
