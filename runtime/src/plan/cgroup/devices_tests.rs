//! The meaning of device rules, and the naive evaluator that both compilers are measured by.

use super::*;
use crate::oci::Text;
use proptest::prelude::*;

/// The definition itself, one right at a time: the last rule that speaks of it decides, and nothing means no.
pub(in crate::plan::cgroup) fn allows(
    rules: &[Rule],
    kind: DeviceKind,
    major: u32,
    minor: u32,
    rights: u8,
) -> bool {
    let device = Rule {
        allow: true,
        kind: Some(kind),
        major: Some(major),
        minor: Some(minor),
        rights: ALL_RIGHTS,
    };
    [READ, WRITE, MKNOD]
        .into_iter()
        .filter(|right| rights & right != 0)
        .all(|right| {
            let last = rules
                .iter()
                .rev()
                .find(|rule| rule.rights & right != 0 && rule.covers(&device));
            last.is_some_and(|rule| rule.allow)
        })
}

/// Rules that meet often: few numbers, among them those of the default rules.
pub(in crate::plan::cgroup) fn any_rule() -> impl Strategy<Value = DeviceRule<'static>> {
    let kind = prop::option::of(prop::sample::select(vec!["a", "b", "c"]));
    let number = || {
        prop::option::of(prop::sample::select(vec![
            -1,
            1,
            3,
            5,
            10,
            136,
            200,
            4_294_967_295,
        ]))
    };
    let access = prop::option::of(prop::sample::select(vec!["r", "w", "m", "rw", "rm", "wm", "rwm"]));
    (any::<bool>(), kind, number(), number(), access).prop_map(|(allow, kind, major, minor, access)| {
        DeviceRule {
            allow,
            kind: kind.map(Text::from),
            major,
            minor,
            access: access.map(Text::from),
        }
    })
}

/// Accesses to the devices that [`any_rule`] speaks of and to some others.
pub(in crate::plan::cgroup) fn any_access() -> impl Strategy<Value = (DeviceKind, u32, u32, u8)> {
    let kind = prop::sample::select(vec![DeviceKind::Block, DeviceKind::Char]);
    let number = || prop::sample::select(vec![0, 1, 3, 5, 7, 10, 136, 200, u32::MAX]);
    (kind, number(), number(), 1..=ALL_RIGHTS)
}

fn rule(
    allow: bool,
    kind: &'static str,
    major: i64,
    minor: i64,
    access: &'static str,
) -> DeviceRule<'static> {
    let (major, minor) = (Some(major), Some(minor));
    DeviceRule {
        allow,
        kind: Some(kind.into()),
        major,
        minor,
        access: Some(access.into()),
    }
}

fn shown(asked: &[DeviceRule<'_>]) -> Vec<String> {
    let sign = |rule: &Rule| if rule.allow { '+' } else { '-' };
    rules(asked)
        .unwrap()
        .iter()
        .map(|rule| format!("{}{rule}", sign(rule)))
        .collect()
}

#[test]
fn a_container_has_the_default_devices_and_no_others() {
    let expected = [
        "-a *:* rwm",
        "+c *:* m",
        "+b *:* m",
        "+c 1:3 rwm",
        "+c 1:5 rwm",
        "+c 1:7 rwm",
        "+c 1:8 rwm",
        "+c 1:9 rwm",
        "+c 5:0 rwm",
        "+c 5:2 rwm",
        "+c 136:* rwm",
        "+c 10:200 rwm",
    ];
    assert_eq!(shown(&[]), expected);
    assert_eq!(shown(&[rule(false, "a", -1, -1, "rwm")]), expected);
}

#[test]
fn a_rule_for_everything_makes_the_earlier_ones_void() {
    assert_eq!(
        shown(&[rule(true, "b", 8, 0, "r"), rule(true, "a", -1, -1, "rwm")]),
        ["+a *:* rwm"]
    );
}

#[test]
fn absent_properties_stand_for_all() {
    let everything = DeviceRule {
        allow: true,
        ..DeviceRule::default()
    };
    assert_eq!(shown(&[everything]), ["+a *:* rwm"]);
}

#[test]
fn what_is_no_rule_is_refused_with_its_index() {
    for (bad, word) in [
        (rule(true, "x", 1, 1, "r"), "type \"x\""),
        (rule(true, "c", -2, 1, "r"), "major -2"),
        (rule(true, "c", 1, 1 << 32, "r"), "minor 4294967296"),
        (rule(true, "c", 1, 1, ""), "access is empty"),
        (rule(true, "c", 1, 1, "rx"), "letter other than"),
    ] {
        let error = rules(&[rule(false, "a", -1, -1, "rwm"), bad]).unwrap_err();
        assert_eq!(error.kind(), Kind::Config);
        assert!(
            error.to_string().starts_with("linux.resources.devices[1]: "),
            "{error}"
        );
        assert!(error.to_string().contains(word), "{error}");
    }
}

proptest! {
    #[test]
    fn leaving_out_void_rules_changes_nothing(
        asked in prop::collection::vec(any_rule(), 0..8),
        access in prop::collection::vec(any_access(), 1..40),
    ) {
        let all: Vec<Rule> = asked.iter().map(|rule| parse(rule).unwrap()).chain(DEFAULTS).collect();
        let kept = rules(&asked).unwrap();
        for (kind, major, minor, rights) in access {
            prop_assert_eq!(
                allows(&kept, kind, major, minor, rights),
                allows(&all, kind, major, minor, rights),
                "{:?} {}:{} {}", kind, major, minor, rights
            );
        }
    }
}
