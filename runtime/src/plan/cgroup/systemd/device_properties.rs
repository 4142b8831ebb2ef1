//! Device rules as systemd's DevicePolicy= and DeviceAllow= (systemd.resource-control(5)).
//!
//! The rules themselves are the container's own device program or the writes to its v1 group. systemd must know
//! them, too: when it is reloaded it sets its own again. It has only permissions, so that a rule that takes
//! something back from a wider one is not told: systemd's list may allow more than the rules, never less.

use super::super::devices::{DeviceKind, MKNOD, READ, Rule, WRITE};
use super::Property;
use crate::dbus::Value;

/// The properties for the rules, which apply in order.
pub(super) fn of(rules: &[Rule]) -> Vec<Property> {
    let mut everything = false;
    let mut allowed = Vec::new();
    for rule in rules {
        let wide = rule.kind.is_none() && rule.major.is_none() && rule.minor.is_none();
        match (wide, rule.allow) {
            (true, false) => {
                everything = false;
                allowed.clear();
            }
            (true, true) => everything = true,
            (false, true) => allowed.extend(entries(rule)),
            (false, false) => {}
        }
    }
    if everything {
        return list("auto", Vec::new());
    }
    list("strict", allowed)
}

fn list(policy: &str, allowed: Vec<Value>) -> Vec<Property> {
    vec![
        Property::text("DevicePolicy", policy),
        Property::new("DeviceAllow", Value::Array("(ss)".to_owned(), allowed)),
    ]
}

/// `(device, rights)`: by path where both numbers are given, which need not exist; else by kind and major number.
fn entries(rule: &Rule) -> Vec<Value> {
    let kinds = match rule.kind {
        Some(kind) => vec![kind],
        None => vec![DeviceKind::Block, DeviceKind::Char],
    };
    let rights: String = [(READ, 'r'), (WRITE, 'w'), (MKNOD, 'm')]
        .into_iter()
        .filter(|(right, _)| rule.rights & right != 0)
        .map(|(_, letter)| letter)
        .collect();
    let entry = |kind| {
        let name = if kind == DeviceKind::Block {
            "block"
        } else {
            "char"
        };
        let device = match (rule.major, rule.minor) {
            (Some(major), Some(minor)) => format!("/dev/{name}/{major}:{minor}"),
            (Some(major), None) => format!("{name}-{major}"),
            // A minor number of all majors cannot be said; all are more than it, not less.
            (None, _) => format!("{name}-*"),
        };
        Value::Struct(vec![Value::String(device), Value::String(rights.clone())])
    };
    kinds.into_iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::DeviceRule;

    fn shown(json: &str) -> (String, String) {
        let asked: Vec<DeviceRule<'_>> = serde_json::from_str(json).unwrap();
        let list = of(&super::super::super::devices::rules(&asked).unwrap());
        assert_eq!(list[1].value.signature(), "a(ss)");
        (list[0].value.to_string(), list[1].value.to_string())
    }

    #[test]
    fn the_default_devices_are_allowed() {
        let (policy, allowed) = shown("[]");
        assert_eq!(policy, "\"strict\"");
        for entry in [
            r#"("char-*", "m")"#,
            r#"("/dev/char/1:3", "rwm")"#,
            r#"("char-136", "rwm")"#,
        ] {
            assert!(allowed.contains(entry), "{entry} in {allowed}");
        }
    }

    #[test]
    fn rules_of_the_container_are_told() {
        let (_, allowed) = shown(
            r#"[{"allow": false}, {"allow": true, "type": "b", "major": 8, "minor": 0, "access": "r"},
                {"allow": true, "major": 9}]"#,
        );
        for entry in [
            r#"("/dev/block/8:0", "r")"#,
            r#"("block-9", "rwm")"#,
            r#"("char-9", "rwm")"#,
        ] {
            assert!(allowed.contains(entry), "{entry} in {allowed}");
        }
        assert_eq!(shown(r#"[{"allow": true}]"#), ("\"auto\"".into(), "[]".into()));
        // What takes something back from a permission is left to the container's own rules.
        assert_eq!(
            shown(r#"[{"allow": true}, {"allow": false, "type": "b", "major": 8}]"#).0,
            "\"auto\""
        );
    }
}
