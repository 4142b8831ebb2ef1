//! Devices: which nodes a container has, and which it may use.

use std::path::Path;

use serde_json::{Value, json};

use super::facts::{Facts, HostDevice};
use super::id_map::IdMaps;
use super::options::{Device, Options};

/// The devices that are asked for under other names than the host's. Where the container has users of its own nodes cannot be
/// made, and a runtime binds the host's of the same name: these are mounts then.
pub(super) fn renamed<'a>(options: &'a Options, ids: &IdMaps) -> Vec<&'a Device> {
    let is_renamed = |device: &&Device| !ids.is_empty() && device.source != device.target;
    options.devices.iter().filter(is_renamed).collect()
}

/// `linux.devices`: the nodes beyond the ones every runtime makes.
pub(super) fn nodes(options: &Options, facts: &Facts, ids: &IdMaps) -> Vec<Value> {
    let of_host = if options.privileged {
        facts.devices.as_slice()
    } else {
        &[]
    };
    let asked = &facts.requested_devices;
    let hidden = |device: &&HostDevice| !asked.iter().any(|other| other.path == device.path);
    let renamed = renamed(options, ids);
    let is_mount = |device: &&HostDevice| {
        let path = Path::new(&device.path);
        renamed.iter().any(|renamed| path.starts_with(&renamed.target))
    };
    let made = asked.iter().filter(|device| !is_mount(device));
    of_host.iter().filter(hidden).chain(made).map(node).collect()
}

fn node(device: &HostDevice) -> Value {
    json!({
        "path": device.path, "type": device.kind.to_string(), "major": device.major, "minor": device.minor,
        "fileMode": device.mode, "uid": device.uid, "gid": device.gid,
    })
}

/// `linux.resources.devices`: docker's rules, and those of the devices that were asked for.
pub(super) fn rules(options: &Options, facts: &Facts) -> Value {
    if options.privileged {
        return json!([{"allow": true, "access": "rwm"}]);
    }
    let rule = |kind: &str, major: Option<u64>, minor: Option<u64>, access: &str| {
        let mut rule = json!({"allow": true, "type": kind, "access": access});
        if let Some(major) = major {
            rule["major"] = major.into();
        }
        if let Some(minor) = minor {
            rule["minor"] = minor.into();
        }
        rule
    };
    let mut rules = vec![
        json!({"allow": false, "access": "rwm"}),
        // Making nodes is harmless as long as they cannot be opened.
        rule("c", None, None, "m"),
        rule("b", None, None, "m"),
        rule("c", Some(1), Some(3), "rwm"), // null
        rule("c", Some(1), Some(5), "rwm"), // zero
        rule("c", Some(1), Some(7), "rwm"), // full
        rule("c", Some(1), Some(8), "rwm"), // random
        rule("c", Some(1), Some(9), "rwm"), // urandom
        rule("c", Some(5), Some(0), "rwm"), // tty
        rule("c", Some(5), Some(1), "rwm"), // console
        rule("c", Some(5), Some(2), "rwm"), // ptmx
        rule("c", Some(136), None, "rwm"),  // pts/*
    ];
    rules.extend(facts.requested_devices.iter().map(|device| {
        rule(
            &device.kind.to_string(),
            Some(device.major),
            Some(device.minor),
            &device.access,
        )
    }));
    rules.extend(options.device_rules.iter().filter_map(|text| asked(text)));
    Value::Array(rules)
}

/// A rule as it was typed, `c 1:* rw`.
fn asked(text: &str) -> Option<Value> {
    let mut words = text.split(' ');
    let (kind, numbers, access) = (words.next()?, words.next()?, words.next()?);
    let (major, minor) = numbers.split_once(':')?;
    let mut rule = json!({"allow": true, "type": kind, "access": access});
    for (name, number) in [("major", major), ("minor", minor)] {
        if let Ok(number) = number.parse::<u32>() {
            rule[name] = number.into();
        }
    }
    Some(rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(path: &str) -> HostDevice {
        HostDevice {
            path: path.to_owned(),
            kind: 'c',
            major: 10,
            minor: 229,
            mode: 0o666,
            uid: 0,
            gid: 0,
            access: "rw".to_owned(),
        }
    }

    #[test]
    fn nothing_is_allowed_that_was_not_listed() {
        let rules = rules(&Options::default(), &Facts::default());
        assert_eq!(rules[0], json!({"allow": false, "access": "rwm"}));
        assert!(
            rules.as_array().unwrap()[1..]
                .iter()
                .all(|rule| rule["allow"] == true)
        );
    }

    #[test]
    fn asked_devices_get_a_node_and_a_rule() {
        let facts = Facts {
            requested_devices: vec![device("/dev/fuse")],
            ..Facts::default()
        };
        let made = nodes(&Options::default(), &facts, &IdMaps::default());
        assert_eq!(made[0]["path"], "/dev/fuse");
        let rules = rules(&Options::default(), &facts);
        let last = rules.as_array().unwrap().last().unwrap();
        assert_eq!(
            *last,
            json!({"allow": true, "type": "c", "major": 10, "minor": 229, "access": "rw"})
        );
    }

    #[test]
    fn rules_of_ones_own_come_last() {
        let options = Options {
            device_rules: vec!["c 10:* rw".to_owned(), "a *:* m".to_owned()],
            ..Options::default()
        };
        let rules = rules(&options, &Facts::default());
        let last: Vec<&Value> = rules.as_array().unwrap().iter().rev().take(2).collect();
        assert_eq!(
            *last[1],
            json!({"allow": true, "type": "c", "access": "rw", "major": 10})
        );
        assert_eq!(*last[0], json!({"allow": true, "type": "a", "access": "m"}));
    }

    #[test]
    fn privileged_sees_all_devices_of_the_host_once() {
        let options = Options {
            privileged: true,
            ..Options::default()
        };
        let facts = Facts {
            devices: vec![device("/dev/fuse"), device("/dev/kvm")],
            requested_devices: vec![device("/dev/fuse")],
            ..Facts::default()
        };
        assert_eq!(nodes(&options, &facts, &IdMaps::default()).len(), 2);
        assert_eq!(rules(&options, &facts), json!([{"allow": true, "access": "rwm"}]));
    }

    #[test]
    fn a_device_with_another_name_is_a_mount_where_no_node_can_be_made() {
        let one = crate::plan::id_map::IdMap::parse("0:100000:5").unwrap();
        let ids = IdMaps {
            uids: vec![one],
            gids: vec![one],
        };
        let named = |source: &str, target: &str| Device {
            source: source.to_owned(),
            target: target.to_owned(),
            access: "rwm".to_owned(),
        };
        let options = Options {
            devices: vec![named("/dev/a", "/dev/b"), named("/dev/c", "/dev/c")],
            ..Options::default()
        };
        let facts = Facts {
            requested_devices: vec![device("/dev/b"), device("/dev/c")],
            ..Facts::default()
        };
        let made = nodes(&options, &facts, &ids);
        assert_eq!(made.len(), 1);
        assert_eq!(made[0]["path"], "/dev/c");
        assert_eq!(renamed(&options, &ids), [&options.devices[0]]);
        assert_eq!(nodes(&options, &facts, &IdMaps::default()).len(), 2);
        assert!(renamed(&options, &IdMaps::default()).is_empty());
    }
}
