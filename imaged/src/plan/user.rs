//! Users and groups by name: `USER`, `--user` and `--group-add` against the image's own passwd and group.
//!
//! Both texts come from the image and are not trusted: they are bounded by whoever reads them, and lines
//! that are not well formed are skipped.

use crate::error::{Error, Kind, Result};

/// The identity of the container's process.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// Supplementary groups, sorted.
    pub(crate) groups: Vec<u32>,
}

/// The texts of the image's /etc/passwd and /etc/group; empty when there are none.
#[derive(Debug, Clone, Default)]
pub(crate) struct Accounts {
    pub(crate) passwd: String,
    pub(crate) group: String,
}

/// No more groups than the kernel takes (NGROUPS_MAX).
const MAX_GROUPS: usize = 65_536;

/// Resolves `user`, `uid`, `user:group`, `uid:gid` and the mixed forms; empty is root.
///
/// # Errors
/// When a name is not in the image's files or a number is out of range.
pub(crate) fn resolve(wanted: &str, further: &[String], accounts: &Accounts) -> Result<User> {
    let (name, group) = match wanted.split_once(':') {
        Some((name, group)) => (name, Some(group).filter(|group| !group.is_empty())),
        None => (wanted, None),
    };
    let name = if name.is_empty() { "0" } else { name };
    let entry = passwd(&accounts.passwd).find(|entry| entry.name == name || entry.uid.to_string() == name);
    let (uid, mut gid) = match &entry {
        Some(entry) => (entry.uid, entry.gid),
        None => (number(name).ok_or_else(|| unknown("user", name, "passwd"))??, 0),
    };
    let mut groups = Vec::new();
    match group {
        Some(group) => gid = group_id(group, accounts)?,
        // Only the name's own groups: a group that was asked for replaces them.
        None => {
            if let Some(entry) = &entry {
                let of_user =
                    memberships(&accounts.group).filter(|(_, members)| members.contains(&entry.name));
                groups.extend(of_user.map(|(gid, _)| gid).take(MAX_GROUPS));
            }
        }
    }
    for group in further {
        groups.push(group_id(group, accounts)?);
    }
    groups.push(gid);
    groups.sort_unstable();
    groups.dedup();
    Ok(User { uid, gid, groups })
}

fn group_id(wanted: &str, accounts: &Accounts) -> Result<u32> {
    let found = entries(&accounts.group).find(|fields| fields[0] == wanted);
    match found.and_then(|fields| id(fields.get(2)?)) {
        Some(gid) => Ok(gid),
        None => number(wanted).ok_or_else(|| unknown("group", wanted, "group"))?,
    }
}

/// An id of the image's files, if it is one: with -1 the process would stay root.
fn id(text: &str) -> Option<u32> {
    number(text)?.ok()
}

/// A number, if the text is one: 31 bits, since the kernel keeps -1 for "no change".
fn number(text: &str) -> Option<Result<u32>> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let parsed = text
        .parse::<u32>()
        .ok()
        .filter(|number| i32::try_from(*number).is_ok());
    Some(parsed.ok_or_else(|| {
        Error::new(
            Kind::Invalid,
            format!("the user or group id {text} is not between 0 and {}", i32::MAX),
        )
    }))
}

fn unknown(what: &str, name: &str, file: &str) -> Error {
    Error::new(
        Kind::NotStarted,
        format!("unable to find {what} {name}: no matching entries in {file} file"),
    )
    .hint(format!(
        "give the {what} by number, or one that is in the image's /etc/{file}"
    ))
}

struct Entry<'a> {
    name: &'a str,
    uid: u32,
    gid: u32,
}

fn passwd(text: &str) -> impl Iterator<Item = Entry<'_>> {
    entries(text).filter_map(|fields| {
        let (uid, gid) = (id(fields.get(2)?)?, id(fields.get(3)?)?);
        Some(Entry {
            name: fields[0],
            uid,
            gid,
        })
    })
}

/// All ids that the accounts name.
pub(super) fn numbers(accounts: &Accounts) -> impl Iterator<Item = u32> {
    let users = passwd(&accounts.passwd).flat_map(|entry| [entry.uid, entry.gid]);
    let groups = entries(&accounts.group).filter_map(|fields| id(fields.get(2)?));
    users.chain(groups)
}

fn memberships(text: &str) -> impl Iterator<Item = (u32, Vec<&str>)> {
    entries(text).filter_map(|fields| {
        let gid = id(fields.get(2)?)?;
        Some((gid, fields.get(3)?.split(',').map(str::trim).collect()))
    })
}

fn entries(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split(':').collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts() -> Accounts {
        Accounts {
            passwd: "root:x:0:0:root:/root:/bin/sh\n# remark\nbroken\napp:x:1000:1001::/home/app:/bin/sh\n"
                .into(),
            group: "root:x:0:\napp:x:1001:\naudio:x:29:app,other\nvideo:x:44:other\n".into(),
        }
    }

    fn user(wanted: &str, further: &[&str]) -> User {
        let further: Vec<String> = further.iter().map(|group| (*group).to_owned()).collect();
        resolve(wanted, &further, &accounts()).unwrap()
    }

    #[test]
    fn names_numbers_and_groups() {
        assert_eq!(
            user("", &[]),
            User {
                uid: 0,
                gid: 0,
                groups: vec![0]
            }
        );
        assert_eq!(
            user("app", &[]),
            User {
                uid: 1000,
                gid: 1001,
                groups: vec![29, 1001]
            }
        );
        assert_eq!(
            user("1000", &[]),
            User {
                uid: 1000,
                gid: 1001,
                groups: vec![29, 1001]
            }
        );
        assert_eq!(
            user("app:audio", &[]),
            User {
                uid: 1000,
                gid: 29,
                groups: vec![29]
            }
        );
        assert_eq!(
            user("7:8", &[]),
            User {
                uid: 7,
                gid: 8,
                groups: vec![8]
            }
        );
        assert_eq!(
            user("7", &["video", "99"]),
            User {
                uid: 7,
                gid: 0,
                groups: vec![0, 44, 99]
            }
        );
    }

    #[test]
    fn unknown_names_and_big_numbers_are_refused() {
        let failed = |wanted: &str| resolve(wanted, &[], &accounts()).unwrap_err().to_string();
        assert_eq!(
            failed("nobody"),
            "unable to find user nobody: no matching entries in passwd file"
        );
        assert_eq!(
            failed("0:staff"),
            "unable to find group staff: no matching entries in group file"
        );
        assert!(failed("4294967295").contains("is not between"));
        assert!(failed("99999999999999999999").contains("is not between"));
    }

    /// CVE-2024-40635: an id of all ones means "no change" to the kernel, and the process would stay root.
    #[test]
    fn ids_of_the_image_that_mean_no_change_are_refused() {
        let accounts = Accounts {
            passwd: "app:x:4294967295:4294967295::/:/bin/sh\nweb:x:7:4294967295::/:/bin/sh\n".into(),
            group: "staff:x:4294967295:\n".into(),
        };
        for wanted in ["app", "web", "4294967295", "5:staff", "5:4294967295"] {
            assert!(resolve(wanted, &[], &accounts).is_err(), "{wanted}");
        }
    }

    #[test]
    fn an_image_without_accounts_takes_numbers() {
        assert_eq!(
            resolve("5:6", &[], &Accounts::default()).unwrap(),
            User {
                uid: 5,
                gid: 6,
                groups: vec![6]
            }
        );
    }

    /// CVE-2026-47262: a group file may name as many groups as it likes.
    #[test]
    fn the_number_of_groups_is_bounded() {
        let group = (0..100_000).map(|gid| format!("g{gid}:x:{gid}:app\n")).collect();
        let accounts = Accounts {
            passwd: accounts().passwd,
            group,
        };
        assert!(resolve("app", &[], &accounts).unwrap().groups.len() <= MAX_GROUPS + 1);
    }
}
