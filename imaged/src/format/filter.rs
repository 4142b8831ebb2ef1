//! `--filter KEY=VALUE`: parsed once, asked per row.

use std::collections::BTreeMap;

use crate::error::{Error, Kind, Result};

/// The filters of a listing: a row passes when every key has a value that matches.
#[derive(Debug, Default)]
pub(crate) struct Filters(BTreeMap<String, Vec<String>>);

impl Filters {
    /// Parses what was typed; `known` are the keys this listing has.
    ///
    /// # Errors
    /// When a filter is not `KEY=VALUE` or its key is unknown.
    pub(crate) fn parse(typed: &[String], known: &[&str]) -> Result<Self> {
        let mut filters = Self::default();
        for filter in typed {
            let (key, value) = filter.split_once('=').ok_or_else(|| {
                Error::new(
                    Kind::Usage,
                    format!("invalid filter '{filter}': it must be KEY=VALUE"),
                )
            })?;
            let key = key.trim().to_lowercase();
            if !known.contains(&key.as_str()) {
                return Err(Error::new(Kind::Usage, format!("invalid filter '{key}'"))
                    .hint(format!("the filters are {}", known.join(", "))));
            }
            if key == "dangling" && !matches!(value.trim(), "true" | "1" | "false" | "0") {
                return Err(
                    Error::new(Kind::Usage, format!("invalid filter 'dangling={value}'"))
                        .hint("it is true or false"),
                );
            }
            filters.0.entry(key).or_default().push(value.trim().to_owned());
        }
        Ok(filters)
    }

    /// Whether one of the key's values satisfies `test`; true when the key was not given.
    pub(crate) fn any(&self, key: &str, test: impl Fn(&str) -> bool) -> bool {
        self.0
            .get(key)
            .is_none_or(|values| values.iter().any(|value| test(value)))
    }

    /// Whether all of the key's values satisfy `test`; true when the key was not given.
    pub(crate) fn all(&self, key: &str, test: impl Fn(&str) -> bool) -> bool {
        self.0
            .get(key)
            .is_none_or(|values| values.iter().all(|value| test(value)))
    }

    /// Whether the key was given.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// The key's values.
    pub(crate) fn values(&self, key: &str) -> &[String] {
        self.0.get(key).map_or(&[], Vec::as_slice)
    }

    /// Whether labels satisfy the `label` filters, `key` or `key=value`: all of them, and none of `label!`.
    pub(crate) fn labels(&self, labels: &BTreeMap<String, String>) -> bool {
        let has = |wanted: &str| match wanted.split_once('=') {
            Some((key, value)) => labels.get(key).is_some_and(|known| known == value),
            None => labels.contains_key(wanted),
        };
        self.all("label", has) && self.all("label!", |unwanted| !has(unwanted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(typed: &[&str]) -> Result<Filters> {
        let typed: Vec<String> = typed.iter().map(|text| (*text).to_owned()).collect();
        Filters::parse(&typed, &["name", "label", "label!", "dangling"])
    }

    #[test]
    fn what_is_true_or_false_is_nothing_else() {
        assert!(parse(&["dangling=true"]).is_ok() && parse(&["dangling=0"]).is_ok());
        assert!(parse(&["dangling=tru"]).is_err());
    }

    #[test]
    fn values_of_a_key_are_alternatives_and_keys_add_up() {
        let filters = parse(&["name=a", "name=b", "label=x"]).unwrap();
        assert!(filters.any("name", |value| value == "b"));
        assert!(!filters.any("name", |value| value == "c"));
        assert!(
            filters.any("id", |_| false),
            "a key that was not given does not filter"
        );
    }

    #[test]
    fn labels_by_key_and_by_value() {
        let labels = BTreeMap::from([("a".to_owned(), "1".to_owned())]);
        for (filter, passes) in [
            ("label=a", true),
            ("label=a=1", true),
            ("label=a=2", false),
            ("label=b", false),
            ("label!=a", false),
            ("label!=a=2", true),
        ] {
            assert_eq!(parse(&[filter]).unwrap().labels(&labels), passes, "{filter}");
        }
    }

    #[test]
    fn unknown_keys_and_bad_forms_are_errors() {
        assert!(
            parse(&["nam=a"])
                .unwrap_err()
                .to_string()
                .contains("invalid filter 'nam'")
        );
        assert!(parse(&["name"]).unwrap_err().to_string().contains("KEY=VALUE"));
    }
}
