//! What a name without a registry means: docker.io, unless `registries.conf` says otherwise.

use super::registries_conf::RegistriesConf;
use crate::error::Result;
use crate::image::Reference;

/// The references that a typed name may mean, in the order in which they are to be tried.
///
/// # Errors
/// `Usage` for what is no reference, `Invalid` when a file cannot be understood.
pub fn candidates(typed: &str) -> Result<Vec<Reference>> {
    let reference: Reference = typed.parse()?;
    if has_registry(typed, &reference) || crate::registry::builtin::is_meant(&reference) {
        return Ok(vec![reference]);
    }
    meanings(&RegistriesConf::read()?, typed, reference)
}

/// Whether the name says a registry.
fn has_registry(typed: &str, reference: &Reference) -> bool {
    let first = typed.split('/').next().unwrap_or_default();
    typed.contains('/') && (first == reference.domain() || first == "index.docker.io")
}

fn meanings(conf: &RegistriesConf, typed: &str, reference: Reference) -> Result<Vec<Reference>> {
    let name = &typed[..tag_at(typed).or_else(|| typed.find('@')).unwrap_or(typed.len())];
    if let Some(alias) = conf.aliases.get(name).filter(|alias| !alias.is_empty()) {
        let suffix = &typed[name.len()..];
        return Ok(vec![format!("{alias}{suffix}").parse()?]);
    }
    match conf.unqualified_search_registries.as_deref() {
        None | Some([]) => Ok(vec![reference]),
        Some(registries) => registries
            .iter()
            .map(|registry| format!("{registry}/{typed}").parse())
            .collect(),
    }
}

/// Where the tag begins, its colon included.
fn tag_at(typed: &str) -> Option<usize> {
    let name = typed.split('@').next().unwrap_or_default();
    name.rfind(':').filter(|at| !name[*at..].contains('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(conf: &RegistriesConf, typed: &str) -> Vec<String> {
        let meant = meanings(conf, typed, typed.parse().unwrap()).unwrap();
        meant.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn aliases_come_before_registries_and_keep_the_tag() {
        let mut conf = RegistriesConf::default();
        assert_eq!(meant(&conf, "debian:12"), ["docker.io/library/debian:12"]);
        conf.unqualified_search_registries = Some(vec!["quay.io".into(), "docker.io".into()]);
        conf.aliases.insert("fedora".into(), "f.example/fedora".into());
        assert_eq!(meant(&conf, "fedora:40"), ["f.example/fedora:40"]);
        assert_eq!(meant(&conf, "fedora"), ["f.example/fedora:latest"]);
        assert_eq!(
            meant(&conf, "debian:12"),
            ["quay.io/debian:12", "docker.io/library/debian:12"]
        );
        let digest = format!("fedora@sha256:{}", "0".repeat(64));
        assert_eq!(
            meant(&conf, &digest),
            [digest.replace("fedora", "f.example/fedora")]
        );
        for (typed, has) in [
            ("localhost/x", true),
            ("h:1/x", true),
            ("x:1", false),
            ("a/b", false),
        ] {
            assert_eq!(has_registry(typed, &typed.parse().unwrap()), has, "{typed}");
        }
    }
}
