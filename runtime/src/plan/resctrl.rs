//! `linux.intelRdt`: the class of service and the monitoring group of a container (config-linux.md, "IntelRdt").

use crate::error::{Error, Kind, Result};
use crate::host::resctrl::Found;
use crate::oci::IntelRdt;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// One effect on the resctrl file system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "op", rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are said by each operation's own sentence")]
pub enum Op {
    /// Makes a class of service or a monitoring group; it may be there already.
    MakeGroup { path: String },
    /// Writes a class's lines.
    Allocate { path: String, lines: String },
    /// Puts the container's process into a group.
    Assign { path: String },
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MakeGroup { path } => write!(f, "make the resctrl group {path}"),
            Self::Allocate { path, lines } => write!(f, "set {path}/schemata to {lines:?}"),
            Self::Assign { path } => write!(f, "join the resctrl group {path}"),
        }
    }
}

/// What is to be done, and what is to be removed with the container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Before the container's process is born.
    pub setup: Vec<Op>,
    /// Once it exists.
    pub assign: Vec<Op>,
    /// The groups made for this container alone, in the order of their removal.
    pub own: Vec<String>,
}

/// The name of a container's class: its own, or the one of its id.
pub fn class<'a>(rdt: &'a IntelRdt<'_>, id: &'a str) -> &'a str {
    rdt.clos_id
        .as_deref()
        .filter(|class| !class.is_empty())
        .unwrap_or(id)
}

/// Plans a container's class and monitoring group.
///
/// # Errors
/// Without a resctrl file system, and when an existing class is not as asked, or a class to join is missing.
pub fn plan(rdt: &IntelRdt<'_>, id: &str, found: Option<&Found>) -> Result<Plan> {
    let found = found.ok_or_else(|| {
        Error::new(
            Kind::Unsupported,
            "linux.intelRdt: no resctrl file system is mounted",
        )
        .hint("mount -t resctrl resctrl /sys/fs/resctrl: processor and kernel must know resource allocation")
    })?;
    let class = class(rdt, id);
    let path = directory(class, found);
    let own_class = class == id && rdt.clos_id.as_deref().is_none_or(str::is_empty);
    let lines = lines(rdt);
    let mut plan = Plan::default();
    match &found.schemata {
        Some(there) if !own_class => compare(class, &lines, there)?,
        None if !own_class && lines.is_empty() => {
            let text = format!("linux.intelRdt.closID: there is no class of service {class:?}");
            return Err(Error::new(Kind::Config, text)
                .hint(format!("make {path}, or say by schemata what it shall be")));
        }
        there => {
            if there.is_none() {
                plan.setup.push(Op::MakeGroup { path: path.clone() });
                plan.own.extend(own_class.then(|| path.clone()));
            }
            if !lines.is_empty() {
                let (path, lines) = (path.clone(), lines.join("\n") + "\n");
                plan.setup.push(Op::Allocate { path, lines });
            }
        }
    }
    if rdt.enable_monitoring {
        let group = monitor(&path, id);
        plan.setup.push(Op::MakeGroup { path: group.clone() });
        plan.own.insert(0, group);
    }
    plan.assign = joins(rdt, id, found);
    Ok(plan)
}

/// Plans other lines for a container's class; only those that are given change.
///
/// # Errors
/// When the container has no class of service.
pub fn change(rdt: Option<&IntelRdt<'_>>, id: &str, found: &Found, lines: &[&str]) -> Result<Op> {
    let class = rdt.map_or(id, |rdt| class(rdt, id));
    if found.schemata.is_none() {
        let text = format!("the container has no class of service: {class:?} does not exist");
        return Err(Error::new(Kind::State, text).hint("create it with linux.intelRdt in config.json"));
    }
    Ok(Op::Allocate {
        path: directory(class, found),
        lines: lines.join("\n") + "\n",
    })
}

/// What puts a process into the container's class and monitoring group.
pub(super) fn joins(rdt: &IntelRdt<'_>, id: &str, found: &Found) -> Vec<Op> {
    let path = directory(class(rdt, id), found);
    let monitor = rdt.enable_monitoring.then(|| monitor(&path, id));
    [path]
        .into_iter()
        .chain(monitor)
        .map(|path| Op::Assign { path })
        .collect()
}

fn directory(class: &str, found: &Found) -> String {
    match class {
        "/" => found.mount.clone(),
        class => format!("{}/{class}", found.mount),
    }
}

fn monitor(class: &str, id: &str) -> String {
    format!("{class}/mon_groups/{id}")
}

/// The lines in the order in which they must be written.
fn lines<'a>(rdt: &'a IntelRdt<'_>) -> Vec<&'a str> {
    let old = [rdt.l3_cache_schema.as_deref(), rdt.mem_bw_schema.as_deref()];
    let all = old
        .into_iter()
        .flatten()
        .chain(rdt.schemata.iter().map(|line| &**line));
    all.filter(|line| !line.is_empty()).collect()
}

/// An existing class is never changed: it may be others', too.
fn compare(class: &str, wanted: &[&str], there: &str) -> Result<()> {
    for line in wanted {
        let (resource, domains) = parse(line);
        let found = there.lines().map(parse).find(|(found, _)| *found == resource);
        let same = |(domain, value): (&&str, &String)| {
            found
                .as_ref()
                .is_some_and(|(_, found)| found.get(domain) == Some(value))
        };
        if !domains.iter().all(same) || domains.is_empty() {
            let text = format!("linux.intelRdt: the class of service {class:?} exists and has not {line:?}");
            return Err(Error::new(Kind::Config, text)
                .hint("take another closID, or leave the schemata out to join the class"));
        }
    }
    Ok(())
}

/// `L3:0=7f0;1=1f` as resource and values; leading zeros mean nothing.
fn parse(line: &str) -> (&str, BTreeMap<&str, String>) {
    let (resource, domains) = line.split_once(':').unwrap_or((line, ""));
    let value = |value: &str| value.trim().trim_start_matches('0').to_ascii_lowercase();
    let domains = domains.split(';').filter_map(|part| part.split_once('='));
    (
        resource.trim(),
        domains
            .map(|(domain, text)| (domain.trim(), value(text)))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn planned(rdt: Value, schemata: Option<&str>) -> Result<Plan> {
        let text = rdt.to_string();
        let rdt: IntelRdt<'_> = serde_json::from_str(&text).unwrap();
        let found = Found {
            mount: "/r".to_owned(),
            schemata: schemata.map(str::to_owned),
        };
        plan(&rdt, "c1", Some(&found))
    }

    #[test]
    fn another_schema_is_written_to_the_containers_class() {
        let found = |schemata: Option<&str>| Found {
            mount: "/r".to_owned(),
            schemata: schemata.map(str::to_owned),
        };
        let op = change(None, "c1", &found(Some("")), &["L3:0=f", "MB:0=50"]).unwrap();
        assert_eq!(op.to_string(), "set /r/c1/schemata to \"L3:0=f\\nMB:0=50\\n\"");
        let error = change(None, "c1", &found(None), &["L3:0=f"]).unwrap_err();
        assert!(
            error.to_string().contains("no class of service: \"c1\""),
            "{error}"
        );
    }

    fn texts(plan: &Plan) -> Vec<String> {
        plan.setup
            .iter()
            .chain(&plan.assign)
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn without_a_class_the_container_gets_its_own() {
        let rdt = json!({"l3CacheSchema": "L3:0=f", "memBwSchema": "MB:0=20", "schemata": ["L2:0=1"], "enableMonitoring": true});
        let plan = planned(rdt, None).unwrap();
        assert_eq!(
            texts(&plan),
            [
                "make the resctrl group /r/c1",
                "set /r/c1/schemata to \"L3:0=f\\nMB:0=20\\nL2:0=1\\n\"",
                "make the resctrl group /r/c1/mon_groups/c1",
                "join the resctrl group /r/c1",
                "join the resctrl group /r/c1/mon_groups/c1",
            ]
        );
        assert_eq!(plan.own, ["/r/c1/mon_groups/c1", "/r/c1"]);
    }

    #[test]
    fn a_class_that_was_there_is_not_removed() {
        let plan = planned(json!({}), Some("L3:0=f\n")).unwrap();
        assert_eq!(texts(&plan), ["join the resctrl group /r/c1"]);
        assert!(plan.own.is_empty());
        let plan = planned(json!({"closID": "gold"}), Some("L3:0=f\n")).unwrap();
        assert_eq!(texts(&plan), ["join the resctrl group /r/gold"]);
        let plan = planned(json!({"closID": "/", "enableMonitoring": true}), Some("")).unwrap();
        assert_eq!(plan.assign[0].to_string(), "join the resctrl group /r");
        assert_eq!(plan.own, ["/r/mon_groups/c1"]);
    }

    #[test]
    fn a_named_class_is_made_and_stays() {
        let plan = planned(json!({"closID": "gold", "schemata": ["MB:0=50"]}), None).unwrap();
        assert_eq!(
            texts(&plan)[..2],
            [
                "make the resctrl group /r/gold",
                "set /r/gold/schemata to \"MB:0=50\\n\""
            ]
        );
        assert!(plan.own.is_empty());
        let error = planned(json!({"closID": "gold"}), None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "linux.intelRdt.closID: there is no class of service \"gold\""
        );
    }

    #[test]
    fn an_existing_class_must_be_as_asked() {
        let there = "    L3:0=07f0;1=1F\n    MB:0= 20;1= 70\n";
        let same = json!({"closID": "g", "schemata": ["L3:0=7f0;1=1f"], "memBwSchema": "MB:1=70"});
        let plan = planned(same, Some(there)).unwrap();
        assert_eq!(texts(&plan), ["join the resctrl group /r/g"]);
        for other in ["L3:0=7f0;1=1e", "MB:2=1", "L2:0=1", "nonsense"] {
            let error = planned(json!({"closID": "g", "schemata": [other]}), Some(there)).unwrap_err();
            assert!(
                error.to_string().contains("exists and has not"),
                "{other}: {error}"
            );
        }
    }

    #[test]
    fn without_the_file_system_it_is_refused() {
        let error = plan(&IntelRdt::default(), "c", None).unwrap_err();
        assert_eq!(error.kind(), Kind::Unsupported);
    }
}
