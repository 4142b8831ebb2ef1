//! CRIU's remote procedure calls as bytes (criu(8), images/rpc.proto of its sources): what is asked, what is answered.

use super::wire::{Message, fields};

/// Field numbers of `criu_opts`.
mod opts {
    pub(super) const IMAGES_DIR_FD: u32 = 1;
    pub(super) const PID: u32 = 2;
    pub(super) const LEAVE_RUNNING: u32 = 3;
    pub(super) const EXT_UNIX_SK: u32 = 4;
    pub(super) const TCP_ESTABLISHED: u32 = 5;
    pub(super) const EVASIVE_DEVICES: u32 = 6;
    pub(super) const SHELL_JOB: u32 = 7;
    pub(super) const FILE_LOCKS: u32 = 8;
    pub(super) const LOG_LEVEL: u32 = 9;
    pub(super) const LOG_FILE: u32 = 10;
    pub(super) const PAGE_SERVER: u32 = 11;
    pub(super) const NOTIFY_SCRIPTS: u32 = 12;
    pub(super) const ROOT: u32 = 13;
    pub(super) const PARENT_IMG: u32 = 14;
    pub(super) const TRACK_MEM: u32 = 15;
    pub(super) const AUTO_DEDUP: u32 = 16;
    pub(super) const WORK_DIR_FD: u32 = 17;
    pub(super) const LINK_REMAP: u32 = 18;
    pub(super) const EXT_MNT: u32 = 23;
    pub(super) const MANAGE_CGROUPS: u32 = 24;
    pub(super) const CG_ROOT: u32 = 25;
    pub(super) const RST_SIBLING: u32 = 26;
    pub(super) const INHERIT_FD: u32 = 27;
    pub(super) const MANAGE_CGROUPS_MODE: u32 = 34;
    pub(super) const EXTERNAL: u32 = 37;
    pub(super) const EMPTY_NS: u32 = 38;
    pub(super) const JOIN_NS: u32 = 39;
    pub(super) const FREEZE_CGROUP: u32 = 44;
    pub(super) const TCP_SKIP_IN_FLIGHT: u32 = 46;
    pub(super) const LAZY_PAGES: u32 = 48;
    pub(super) const ORPHAN_PTS_MASTER: u32 = 50;
    pub(super) const CONFIG_FILE: u32 = 51;
    pub(super) const LSM_PROFILE: u32 = 53;
    pub(super) const LSM_MOUNT_CONTEXT: u32 = 63;
}

/// `criu_req_type`.
mod kind {
    pub(super) const DUMP: i64 = 1;
    pub(super) const RESTORE: i64 = 2;
    pub(super) const PRE_DUMP: i64 = 4;
    pub(super) const NOTIFY: i64 = 6;
    pub(super) const FEATURE_CHECK: i64 = 9;
}

/// Says everything but what helps only CRIU's own developers.
const LOG_LEVEL: i64 = 4;

/// How cgroups' properties are brought back (`--manage-cgroups-mode`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "CRIU's own words")]
pub enum CgroupsMode {
    Ignore = 0,
    #[default]
    Soft = 3,
    Full = 4,
    Strict = 5,
}

impl CgroupsMode {
    /// The mode of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "ignore" => Self::Ignore,
            "soft" => Self::Soft,
            "full" => Self::Full,
            "strict" => Self::Strict,
            _ => return None,
        })
    }
}

/// What saving and restoring have in common. Descriptors are the caller's.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "the words of criu(8)")]
pub struct Common<'a> {
    pub images_dir: i32,
    pub work_dir: Option<i32>,
    pub log_file: &'a str,
    pub root: &'a str,
    pub config_file: Option<&'a str>,
    pub cgroups: CgroupsMode,
    /// Bits of namespaces (CLONE_NEW…) whose content is not looked after.
    pub empty_namespaces: u32,
    pub tcp_established: bool,
    pub ext_unix_sockets: bool,
    pub shell_job: bool,
    pub file_locks: bool,
    pub auto_dedup: bool,
    pub lazy_pages: bool,
    /// Mounts that come from outside: on a dump mount point and name, on a restore name and source.
    pub mounts: Vec<(String, String)>,
}

/// Saving processes.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "the words of criu(8)")]
pub struct Dump<'a> {
    pub common: Common<'a>,
    pub pid: i32,
    /// Memory only; the processes go on, and the real dump comes later.
    pub pre_dump: bool,
    pub leave_running: bool,
    pub tcp_skip_in_flight: bool,
    pub link_remap: bool,
    /// The group whose freezer stops the processes.
    pub freeze_cgroup: Option<&'a str>,
    pub parent: Option<&'a str>,
    pub page_server: Option<(&'a str, u16)>,
    /// Namespaces that belong to somebody else, as `net[INODE]:NAME`.
    pub external: Vec<String>,
}

/// Bringing processes back.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "the words of criu(8)")]
pub struct Restore<'a> {
    pub common: Common<'a>,
    /// Controllers, and the group that takes the place of the saved root.
    pub cgroup_roots: Vec<(String, String)>,
    /// Descriptors of CRIU's process, and what they stand for.
    pub inherited: Vec<(i32, String)>,
    /// Kinds of namespaces, and the files of those to join.
    pub joined: Vec<(&'a str, &'a str)>,
    pub lsm_profile: Option<&'a str>,
    pub lsm_mount_context: Option<&'a str>,
}

impl Common<'_> {
    fn write(&self) -> Message {
        let mut message = Message::default();
        message
            .number(opts::IMAGES_DIR_FD, self.images_dir.into())
            .number(opts::LOG_LEVEL, LOG_LEVEL)
            .text(opts::LOG_FILE, self.log_file)
            .text(opts::ROOT, self.root)
            .some_text(opts::CONFIG_FILE, self.config_file)
            .flag(opts::MANAGE_CGROUPS, true)
            .number(opts::MANAGE_CGROUPS_MODE, self.cgroups as i64)
            .flag(opts::NOTIFY_SCRIPTS, true)
            .flag(opts::ORPHAN_PTS_MASTER, true)
            .number(opts::EMPTY_NS, self.empty_namespaces.into())
            .flag(opts::TCP_ESTABLISHED, self.tcp_established)
            .flag(opts::EXT_UNIX_SK, self.ext_unix_sockets)
            .flag(opts::SHELL_JOB, self.shell_job)
            .flag(opts::FILE_LOCKS, self.file_locks)
            .flag(opts::AUTO_DEDUP, self.auto_dedup)
            .flag(opts::LAZY_PAGES, self.lazy_pages);
        if let Some(work_dir) = self.work_dir {
            message.number(opts::WORK_DIR_FD, work_dir.into());
        }
        for (key, value) in &self.mounts {
            message.message(opts::EXT_MNT, &pair(key, value));
        }
        message
    }
}

/// Two strings as the first two fields.
fn pair(first: &str, second: &str) -> Message {
    let mut message = Message::default();
    message.text(1, first).text(2, second);
    message
}

impl Dump<'_> {
    /// The request's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut message = self.common.write();
        message
            .number(opts::PID, self.pid.into())
            .flag(opts::LEAVE_RUNNING, self.leave_running)
            .flag(opts::TCP_SKIP_IN_FLIGHT, self.tcp_skip_in_flight)
            .flag(opts::LINK_REMAP, self.link_remap)
            .some_text(opts::FREEZE_CGROUP, self.freeze_cgroup)
            .some_text(opts::PARENT_IMG, self.parent)
            .flag(opts::TRACK_MEM, self.parent.is_some() || self.pre_dump);
        if let Some((address, port)) = self.page_server {
            let mut server = Message::default();
            server.text(1, address).number(2, port.into());
            message.message(opts::PAGE_SERVER, &server);
        }
        for namespace in &self.external {
            message.text(opts::EXTERNAL, namespace);
        }
        let kind = if self.pre_dump { kind::PRE_DUMP } else { kind::DUMP };
        request(kind, &message)
    }
}

impl Restore<'_> {
    /// The request's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut message = self.common.write();
        message
            .flag(opts::EVASIVE_DEVICES, true)
            .flag(opts::RST_SIBLING, true)
            .some_text(opts::LSM_PROFILE, self.lsm_profile)
            .some_text(opts::LSM_MOUNT_CONTEXT, self.lsm_mount_context);
        for (controller, path) in &self.cgroup_roots {
            message.message(opts::CG_ROOT, &pair(controller, path));
        }
        for (descriptor, key) in &self.inherited {
            let mut inherited = Message::default();
            inherited.text(1, key).number(2, i64::from(*descriptor));
            message.message(opts::INHERIT_FD, &inherited);
        }
        for (kind, file) in &self.joined {
            message.message(opts::JOIN_NS, &pair(kind, file));
        }
        request(kind::RESTORE, &message)
    }
}

fn request(kind: i64, options: &Message) -> Vec<u8> {
    let mut message = Message::default();
    message.number(1, kind).message(2, options);
    message.into_bytes()
}

/// Asks which of the features that only some kernels have CRIU can use here.
pub fn ask_for_features() -> Vec<u8> {
    let mut features = Message::default();
    features.flag(1, true).flag(2, true);
    let mut message = Message::default();
    message.number(1, kind::FEATURE_CHECK).message(5, &features);
    message.into_bytes()
}

/// The answer to a notification: go on.
pub fn go_on() -> Vec<u8> {
    let mut message = Message::default();
    message.number(1, kind::NOTIFY).flag(3, true);
    message.into_bytes()
}

/// What CRIU says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Response {
    /// Whether all went well.
    pub success: bool,
    /// It waits for [`go_on`] at this point; otherwise it is done.
    pub notification: Option<Notification>,
    /// Restored: the id of the first process.
    pub restored: Option<i32>,
    /// It is the answer to a pre-dump.
    pub pre_dump: bool,
    /// The error number of a failure, 0 when there is none.
    pub errno: i32,
    /// What went wrong, in words.
    pub message: Option<String>,
    /// Pre-dumps are possible.
    pub tracks_memory: bool,
    /// Lazy pages are possible.
    pub lazy_pages: bool,
}

/// A point at which CRIU waits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notification {
    /// Which one, such as `post-restore`.
    pub script: String,
    /// The id of the first process, where there is one.
    pub pid: i32,
}

impl Response {
    /// Reads a response; none when it is broken.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut response = Self::default();
        let mut kind = 0;
        let mut notification = None;
        for (field, value) in fields(bytes)? {
            match field {
                1 => kind = value.number(),
                2 => response.success = value.number() != 0,
                4 => response.restored = number_of(value.bytes(), 1),
                5 => notification = Some(Notification::parse(value.bytes())?),
                7 => response.errno = i32::try_from(value.number()).unwrap_or_default(),
                8 => {
                    response.tracks_memory = number_of(value.bytes(), 1) == Some(1);
                    response.lazy_pages = number_of(value.bytes(), 2) == Some(1);
                }
                9 => response.message = Some(value.text()),
                _ => {}
            }
        }
        response.notification = notification.filter(|_| kind == kind::NOTIFY);
        response.pre_dump = kind == kind::PRE_DUMP;
        Some(response)
    }
}

impl Notification {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let mut notification = Self::default();
        for (field, value) in fields(bytes)? {
            match field {
                1 => notification.script = value.text(),
                2 => notification.pid = i32::try_from(value.number()).unwrap_or_default(),
                _ => {}
            }
        }
        Some(notification)
    }
}

fn number_of(message: &[u8], wanted: u64) -> Option<i32> {
    let found = fields(message)?.into_iter().find(|(field, _)| *field == wanted)?;
    i32::try_from(found.1.number()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fields of a request's options.
    fn options(request: &[u8]) -> Vec<(u64, String)> {
        let fields_of_request = fields(request).unwrap();
        let (_, options) = fields_of_request
            .into_iter()
            .find(|(field, _)| *field == 2)
            .unwrap();
        let shown = |value: super::super::wire::Value<'_>| match value {
            super::super::wire::Value::Number(number) => number.to_string(),
            other => other.text(),
        };
        let options = fields(options.bytes()).unwrap();
        options
            .into_iter()
            .map(|(field, value)| (field, shown(value)))
            .collect()
    }

    #[test]
    fn a_dump_says_what_is_asked() {
        let dump = Dump {
            common: Common {
                images_dir: 9,
                log_file: "dump.log",
                root: "/r",
                shell_job: true,
                mounts: vec![("/a".into(), "/a".into())],
                ..Common::default()
            },
            pid: 77,
            page_server: Some(("::1", 99)),
            external: vec!["net[1]:extRootNetNS".into()],
            ..Dump::default()
        };
        let bytes = dump.to_bytes();
        assert_eq!(bytes[..2], [0x08, 1]);
        let options = options(&bytes);
        for (field, value) in [
            (opts::IMAGES_DIR_FD, "9"),
            (opts::PID, "77"),
            (opts::SHELL_JOB, "1"),
            (opts::MANAGE_CGROUPS_MODE, "3"),
            (opts::EXTERNAL, "net[1]:extRootNetNS"),
            (opts::EXT_MNT, "\n\u{2}/a\u{12}\u{2}/a"),
            (opts::PAGE_SERVER, "\n\u{3}::1\u{10}c"),
        ] {
            assert!(
                options.contains(&(field.into(), value.to_owned())),
                "{field} in {options:?}"
            );
        }
        assert!(
            !options
                .iter()
                .any(|(field, _)| *field == u64::from(opts::TRACK_MEM))
        );
        let pre_dump = Dump {
            pre_dump: true,
            ..dump
        };
        assert_eq!(pre_dump.to_bytes()[..2], [0x08, 4]);
    }

    #[test]
    fn a_restore_says_what_is_asked() {
        let restore = Restore {
            inherited: vec![(1, "pipe:[5]".into())],
            cgroup_roots: vec![("cpu".into(), "/x".into())],
            lsm_profile: Some("apparmor:x"),
            ..Restore::default()
        };
        let bytes = restore.to_bytes();
        assert_eq!(bytes[..2], [0x08, 2]);
        let options = options(&bytes);
        for (field, value) in [
            (opts::RST_SIBLING, "1"),
            (opts::LSM_PROFILE, "apparmor:x"),
            (opts::INHERIT_FD, "\n\u{8}pipe:[5]\u{10}\u{1}"),
            (opts::CG_ROOT, "\n\u{3}cpu\u{12}\u{2}/x"),
        ] {
            assert!(
                options.contains(&(field.into(), value.to_owned())),
                "{field} in {options:?}"
            );
        }
    }

    #[test]
    fn responses_are_read() {
        let mut notify = Message::default();
        notify.text(1, "post-restore").number(2, 42);
        let mut message = Message::default();
        message.number(1, kind::NOTIFY).number(2, 1).message(5, &notify);
        let response = Response::parse(&message.into_bytes()).unwrap();
        assert!(response.success);
        let notification = response.notification.unwrap();
        assert_eq!(
            (notification.script.as_str(), notification.pid),
            ("post-restore", 42)
        );

        let mut message = Message::default();
        message
            .number(1, kind::DUMP)
            .number(2, 0)
            .number(7, 22)
            .text(9, "no");
        let response = Response::parse(&message.into_bytes()).unwrap();
        assert_eq!(
            (response.success, response.errno, response.message.as_deref()),
            (false, 22, Some("no"))
        );
        assert_eq!(response.notification, None);
        assert_eq!(Response::parse(&[0xff]), None);
    }
}
