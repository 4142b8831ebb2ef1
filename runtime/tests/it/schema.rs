//! The spec's own JSON schema against the runtime's model: no property of the spec may be dropped silently.
//!
//! A configuration with every property of the schema is made from the schema itself. What the model reads
//! and writes back must be all of it, but for the properties of other platforms, which are refused by name.

use crate::bundle::{Bundle, RUNTIME};
use corten_runtime::oci::{self, Spec};
use corten_runtime::plan::validate;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

const OTHER_PLATFORMS: &[&str] = &["freebsd", "solaris", "vm", "windows", "zos"];

#[test]
fn every_property_of_the_schema_is_in_the_model() {
    let mut sample = full_configuration();
    for platform in OTHER_PLATFORMS {
        assert!(
            sample.as_object_mut().unwrap().remove(*platform).is_some(),
            "{platform}"
        );
    }
    let text = sample.to_string();
    let spec: Spec<'_> = oci::parse(text.as_bytes()).unwrap();
    let kept = serde_json::to_value(&spec).unwrap();
    let mut lost = Vec::new();
    compare("", &sample, &kept, &mut lost);
    assert!(lost.is_empty(), "the model loses: {}", lost.join(", "));
}

proptest! {
    /// Whatever stands in config.json, the answer is a configuration or an error.
    #[test]
    fn no_config_json_breaks_the_parser(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<Option<prop::sample::Index>>(),
    ) {
        let mut text = full_configuration().to_string().into_bytes();
        for (place, byte) in changes {
            let place = place.index(text.len());
            text[place] = byte;
        }
        if let Some(cut) = cut {
            text.truncate(cut.index(text.len()));
        }
        if let Err(error) = validate::parse(&text) {
            prop_assert!(error.to_string().starts_with("invalid configuration: "));
        }
    }
}

#[test]
fn what_is_not_handled_yet_is_refused_by_name() {
    let text = full_configuration().to_string();
    let message = validate::parse(text.as_bytes()).unwrap_err().to_string();
    let refused = message
        .split("; ")
        .filter_map(|problem| problem.strip_suffix(": not supported yet"));
    let refused = refused
        .map(|place| place.trim_start_matches("invalid configuration: "))
        .collect::<Vec<_>>();
    assert_eq!(
        refused,
        [
            "freebsd",
            "solaris",
            "vm",
            "windows",
            "zos",
            "process.commandLine",
        ]
    );
}

#[test]
fn the_model_reads_what_oci_spec_reads() {
    let text = include_str!("../../src/commands/spec.json");
    let theirs: oci_spec::runtime::Spec = serde_json::from_str(text).unwrap();
    let ours: Spec<'_> = oci::parse(text.as_bytes()).unwrap();
    let (mut theirs, mut ours) = (
        serde_json::to_value(&theirs).unwrap(),
        serde_json::to_value(&ours).unwrap(),
    );
    // Sets there, lists here; and what is false or empty may be absent.
    for value in [&mut theirs, &mut ours] {
        sort_sets(value);
        drop_empty(value);
    }
    assert_eq!(ours, theirs);
}

#[test]
fn features_and_state_have_the_specs_form() {
    let schemas = Schemas::of_the_spec();
    let features = Command::new(RUNTIME).arg("features").output().unwrap();
    let features = serde_json::from_slice(&features.stdout).unwrap();
    assert_eq!(schemas.problems("features-schema.json", &features), [""; 0]);

    let bundle = Bundle::new("schema", "true");
    bundle.create();
    assert_eq!(schemas.problems("state-schema.json", &bundle.state()), [""; 0]);
}

#[test]
fn the_check_of_a_form_finds_what_is_wrong() {
    let state = json!({"ociVersion": 1, "id": "x", "status": "unknown", "bundle": "/b"});
    let problems = Schemas::of_the_spec().problems("state-schema.json", &state);
    assert_eq!(problems.len(), 2, "{problems:?}");
}

fn sort_sets(value: &mut Value) {
    let sets = value
        .pointer_mut("/process/capabilities")
        .and_then(Value::as_object_mut);
    for set in sets.into_iter().flat_map(|sets| sets.values_mut()) {
        set.as_array_mut().unwrap().sort_by_key(ToString::to_string);
    }
}

fn drop_empty(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.values_mut().for_each(drop_empty);
            object.retain(|_, value| !(value.is_null() || *value == json!(false) || *value == json!([])));
        }
        Value::Array(list) => list.iter_mut().for_each(drop_empty),
        _ => {}
    }
}

/// Collects the places of `sample` that `kept` has not, or has otherwise.
fn compare(place: &str, sample: &Value, kept: &Value, lost: &mut Vec<String>) {
    match (sample, kept) {
        (Value::Object(sample), Value::Object(kept)) => {
            for (key, value) in sample {
                compare(
                    &format!("{place}.{key}"),
                    value,
                    kept.get(key).unwrap_or(&Value::Null),
                    lost,
                );
            }
        }
        (Value::Array(sample), Value::Array(kept)) if sample.len() == kept.len() => {
            for (index, (value, kept)) in sample.iter().zip(kept).enumerate() {
                compare(&format!("{place}[{index}]"), value, kept, lost);
            }
        }
        _ if sample == kept => {}
        _ => lost.push(place.to_owned()),
    }
}

fn full_configuration() -> Value {
    let schemas = Schemas::of_the_spec();
    let mut sample = schemas.sample("config-schema.json", &schemas.files["config-schema.json"]);
    sample["ociVersion"] = json!("1.3.0");
    sample
}

/// The schema's files by name.
struct Schemas {
    files: BTreeMap<String, Value>,
}

impl Schemas {
    fn of_the_spec() -> Self {
        Self::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/schema"))
    }

    /// What in a value is not as the file's schema has it.
    fn problems(&self, file: &str, value: &Value) -> Vec<String> {
        let mut problems = Vec::new();
        self.check(file, &self.files[file], "", value, &mut problems);
        problems
    }

    fn check(&self, file: &str, schema: &Value, place: &str, value: &Value, problems: &mut Vec<String>) {
        if let Some(reference) = schema["$ref"].as_str() {
            let (target, found) = self.follow(file, reference);
            return self.check(target, found, place, value, problems);
        }
        if schema["enum"]
            .as_array()
            .is_some_and(|words| !words.contains(value))
        {
            problems.push(format!("{place}: {value} is not in {}", schema["enum"]));
        }
        let right_type = match schema["type"].as_str() {
            Some("object") => value.is_object(),
            Some("array") => value.is_array(),
            Some("string") => value.is_string(),
            Some("boolean") => value.is_boolean(),
            Some("integer") => value.is_i64() || value.is_u64(),
            _ => true,
        };
        if !right_type {
            problems.push(format!("{place}: {value} is no {}", schema["type"]));
        }
        for name in schema["required"].as_array().into_iter().flatten() {
            if value.get(name.as_str().unwrap()).is_none() {
                problems.push(format!("{place}: no {name}"));
            }
        }
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            if let Some(value) = value.get(name) {
                self.check(file, property, &format!("{place}.{name}"), value, problems);
            }
        }
        for item in value.as_array().into_iter().flatten() {
            self.check(file, &schema["items"], &format!("{place}[]"), item, problems);
        }
    }

    /// The file and the schema that a reference in `file` names.
    fn follow<'s>(&'s self, file: &'s str, reference: &'s str) -> (&'s str, &'s Value) {
        let (target, pointer) = reference.split_once('#').unwrap();
        let target = if target.is_empty() { file } else { target };
        let found = self.files[target].pointer(pointer);
        (target, found.unwrap_or_else(|| panic!("{reference} in {file}")))
    }

    fn read(dir: &Path) -> Self {
        let files = std::fs::read_dir(dir).unwrap().map(|entry| {
            let entry = entry.unwrap();
            let text = std::fs::read_to_string(entry.path()).unwrap();
            (
                entry.file_name().into_string().unwrap(),
                serde_json::from_str(&text).unwrap(),
            )
        });
        Self {
            files: files.collect(),
        }
    }

    /// A value with everything that the schema allows; `file` is where relative references start.
    fn sample(&self, file: &str, schema: &Value) -> Value {
        if let Some(reference) = schema["$ref"].as_str() {
            let (target, pointer) = reference.split_once('#').unwrap();
            let target = if target.is_empty() { file } else { target };
            let found = self.files[target].pointer(pointer);
            return self.sample(target, found.unwrap_or_else(|| panic!("{reference} in {file}")));
        }
        if let Some(words) = schema["enum"].as_array() {
            return words[0].clone();
        }
        match schema["type"].as_str() {
            Some("object") => self.sample_object(file, schema),
            Some("array") => json!([self.sample(file, &schema["items"])]),
            Some("string") => json!("x"),
            Some("boolean") => json!(true),
            Some("integer") => json!(schema["minimum"].as_i64().unwrap_or(0).max(7)),
            None => self.sample_combined(file, schema),
            Some(other) => panic!("unknown type {other} in {file}"),
        }
    }

    fn sample_object(&self, file: &str, schema: &Value) -> Value {
        let mut object = Map::new();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            object.insert(name.clone(), self.sample(file, property));
        }
        let patterns = schema["patternProperties"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(_, value)| value);
        for any in patterns.chain(
            schema["additionalProperties"]
                .is_object()
                .then(|| &schema["additionalProperties"]),
        ) {
            object.insert("key".to_owned(), self.sample(file, any));
        }
        object.extend(self.parts(file, schema, "allOf").into_iter().flatten());
        Value::Object(object)
    }

    fn sample_combined(&self, file: &str, schema: &Value) -> Value {
        for alternatives in ["anyOf", "oneOf"] {
            if let Some(first) = schema[alternatives].as_array().and_then(|list| list.first()) {
                return self.sample(file, first);
            }
        }
        Value::Object(self.parts(file, schema, "allOf").into_iter().flatten().collect())
    }

    fn parts(&self, file: &str, schema: &Value, key: &str) -> Vec<Map<String, Value>> {
        let parts = schema[key].as_array().into_iter().flatten();
        parts
            .filter_map(|part| self.sample(file, part).as_object().cloned())
            .collect()
    }
}
