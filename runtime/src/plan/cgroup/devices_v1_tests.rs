//! The writes for v1, applied to a model of the kernel's device list and compared with the rules.

use super::super::devices::rules;
use super::super::devices::tests::{allows, any_access, any_rule};
use super::*;
use crate::oci::DeviceRule;
use proptest::prelude::*;

/// The kernel's `struct dev_cgroup`: a default and the exceptions to it, as security/device_cgroup.c keeps them.
struct Group {
    allow: bool,
    exceptions: Vec<(char, String, String, String)>,
}

impl Group {
    /// A group whose parent allows everything.
    fn fresh() -> Self {
        Self {
            allow: true,
            exceptions: Vec::new(),
        }
    }

    fn write(&mut self, file: &str, line: &str) {
        let allow = file == "devices.allow";
        if line.starts_with('a') {
            *self = Self {
                allow,
                exceptions: Vec::new(),
            };
            return;
        }
        assert_ne!(self.allow, allow, "{file} {line}: the model knows additions only");
        let (kind, rest) = line.split_at(1);
        let (numbers, access) = rest[1..].split_once(' ').unwrap();
        let (major, minor) = numbers.split_once(':').unwrap();
        let kind = kind.chars().next().unwrap();
        self.exceptions
            .push((kind, major.to_owned(), minor.to_owned(), access.to_owned()));
    }

    /// One right; the kernel asks for several as one access, which an exception list may split.
    fn allows(&self, kind: DeviceKind, major: u32, minor: u32, right: char) -> bool {
        let number = |text: &str, value: u32| text == "*" || text == value.to_string();
        let letter = if kind == DeviceKind::Block { 'b' } else { 'c' };
        let listed = self.exceptions.iter().any(|(kind, a, b, access)| {
            *kind == letter && number(a, major) && number(b, minor) && access.contains(right)
        });
        listed != self.allow
    }
}

fn rule(allow: bool, kind: &'static str, major: Option<i64>, access: &'static str) -> DeviceRule<'static> {
    DeviceRule {
        allow,
        kind: Some(kind.into()),
        major,
        minor: None,
        access: Some(access.into()),
    }
}

fn lines(asked: &[DeviceRule<'_>]) -> Vec<String> {
    let writes = writes(&rules(asked).unwrap()).unwrap();
    writes
        .into_iter()
        .map(|(file, line)| format!("{} {line}", file.trim_start_matches("devices.")))
        .collect()
}

#[test]
fn the_default_is_one_denial_and_the_exceptions() {
    assert_eq!(lines(&[])[..3], ["deny a", "allow c *:* m", "allow b *:* m"]);
    assert_eq!(lines(&[]).len(), 12);
}

#[test]
fn allowing_everything_writes_nothing() {
    assert_eq!(lines(&[rule(true, "a", None, "rwm")]), Vec::<String>::new());
}

#[test]
fn a_rule_for_both_kinds_is_two() {
    let lines = lines(&[rule(true, "a", Some(8), "r")]);
    assert_eq!(lines[1..3], ["allow b 8:* r", "allow c 8:* r"]);
}

#[test]
fn a_hole_in_a_wider_exception_is_refused() {
    let asked = [rule(true, "b", None, "rwm"), rule(false, "b", Some(8), "rwm")];
    let error = writes(&rules(&asked).unwrap()).unwrap_err();
    assert_eq!(error.kind(), Kind::Unsupported);
    assert!(
        error
            .to_string()
            .contains("cannot deny \"b 8:* rw\" as a part of allow \"b *:* "),
        "{error}"
    );
}

proptest! {
    #[test]
    fn what_is_written_decides_as_the_rules_do(
        asked in prop::collection::vec(any_rule(), 0..8),
        access in prop::collection::vec(any_access(), 1..40),
    ) {
        let rules = rules(&asked).unwrap();
        let Ok(writes) = writes(&rules) else { return Ok(()) };
        let mut group = Group::fresh();
        writes.iter().for_each(|(file, line)| group.write(file, line));
        for (kind, major, minor, _) in access {
            for (right, letter) in [(2, 'r'), (4, 'w'), (1, 'm')] {
                prop_assert_eq!(
                    group.allows(kind, major, minor, letter),
                    allows(&rules, kind, major, minor, right),
                    "{:?} {}:{} {}", kind, major, minor, letter
                );
            }
        }
    }
}
