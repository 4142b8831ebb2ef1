//! `exec --cgroup [CONTROLLER[,CONTROLLER]:]PATH`: groups below the container's own.

use crate::error::{Error, Kind, Result};
use crate::host::cgroup::Version;
use crate::plan::cgroup::{Group, Record};

/// The groups that the process joins: the container's, or the ones below them that `asked` names.
///
/// # Errors
/// For a path that leads out of the container's group, and for a controller that no hierarchy has.
pub fn place(record: &Record, asked: &[String]) -> Result<Record> {
    let mut place = record.clone();
    if let [path] = asked
        && !path.contains(':')
    {
        check(path)?;
        place.groups.iter_mut().for_each(|group| descend(group, path));
        return Ok(place);
    }
    let mut named: Vec<&str> = Vec::new();
    for argument in asked {
        let (controllers, path) = argument
            .split_once(':')
            .ok_or_else(|| wrong(argument, "missing <controller>: prefix"))?;
        check(path)?;
        for controller in controllers.split(',') {
            if controller.is_empty() {
                return Err(wrong(argument, "empty <controller> prefix"));
            }
            if named.contains(&controller) {
                return Err(wrong(argument, "the controller is named twice"));
            }
            named.push(controller);
            let at = owner(record, controller)?;
            let mut below = record.groups[at].clone();
            descend(&mut below, path);
            if place.groups[at] != record.groups[at] && place.groups[at] != below {
                return Err(wrong(
                    argument,
                    "controllers that are mounted together have one group",
                ));
            }
            place.groups[at] = below;
        }
    }
    Ok(place)
}

/// The index of the v1 group of a controller.
fn owner(record: &Record, controller: &str) -> Result<usize> {
    let is_it = |group: &Group| group.version == Version::V1 && group.has(controller);
    record.groups.iter().position(is_it).ok_or_else(|| {
        Error::new(
            Kind::Usage,
            format!("unknown controller {controller} in --cgroup"),
        )
        .hint("on cgroup v2 give a path alone; on v1 /proc/self/cgroup names the controllers")
    })
}

fn descend(group: &mut Group, path: &str) {
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        group.path.push('/');
        group.path.push_str(part);
    }
}

/// `..` is refused even where it stays below: what a path means must not depend on what is there.
fn check(path: &str) -> Result<()> {
    if path.split('/').any(|part| part == "..") || path.contains('\0') {
        return Err(Error::new(Kind::Usage, format!("bad sub cgroup path: {path}"))
            .hint("--cgroup names a group below the container's own"));
    }
    Ok(())
}

fn wrong(argument: &str, why: &str) -> Error {
    Error::new(
        Kind::Usage,
        format!("invalid --cgroup argument: {argument} ({why})"),
    )
    .hint("--cgroup PATH, or on cgroup v1 --cgroup CONTROLLER[,CONTROLLER]:PATH for each")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        let group = |version, controllers: &[&str]| Group {
            version,
            controllers: controllers.iter().map(|&name| name.to_owned()).collect(),
            mount: "/m".to_owned(),
            path: "box".to_owned(),
        };
        Record {
            groups: vec![
                group(Version::V1, &["cpu", "cpuacct"]),
                group(Version::V1, &["memory"]),
                group(Version::V2, &["hugetlb"]),
            ],
            unit: None,
        }
    }

    fn paths(asked: &[&str]) -> Result<Vec<String>> {
        let asked: Vec<String> = asked.iter().map(|&text| text.to_owned()).collect();
        let place = place(&record(), &asked)?;
        Ok(place.groups.into_iter().map(|group| group.path).collect())
    }

    #[test]
    fn a_path_alone_is_below_every_group() {
        assert_eq!(paths(&[]).unwrap(), ["box", "box", "box"]);
        assert_eq!(paths(&["/a//./b/"]).unwrap(), ["box/a/b", "box/a/b", "box/a/b"]);
    }

    #[test]
    fn controllers_have_their_own() {
        assert_eq!(paths(&["memory:x"]).unwrap(), ["box", "box/x", "box"]);
        assert_eq!(
            paths(&["cpu,cpuacct:x", "memory:/y"]).unwrap(),
            ["box/x", "box/y", "box"]
        );
    }

    #[test]
    fn escapes_and_unknown_names_are_refused() {
        for (asked, expected) in [
            (vec![".."], "bad sub cgroup path: .."),
            (vec!["a/../../b"], "bad sub cgroup path: a/../../b"),
            (vec!["memory:../x"], "bad sub cgroup path: ../x"),
            (vec!["hugetlb:x"], "unknown controller hugetlb in --cgroup"),
            (vec!["magic:x"], "unknown controller magic in --cgroup"),
            (
                vec!["a", "memory:x"],
                "invalid --cgroup argument: a (missing <controller>: prefix)",
            ),
            (
                vec!["memory,:x"],
                "invalid --cgroup argument: memory,:x (empty <controller> prefix)",
            ),
            (
                vec!["memory:x", "memory:y"],
                "invalid --cgroup argument: memory:y (the controller is named twice)",
            ),
            (
                vec!["cpu:x", "cpuacct:y"],
                "invalid --cgroup argument: cpuacct:y (controllers that are mounted together have one group)",
            ),
        ] {
            assert_eq!(paths(&asked).unwrap_err().to_string(), expected);
        }
    }
}
