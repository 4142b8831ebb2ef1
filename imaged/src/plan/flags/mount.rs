//! `--volume`, `--mount` and `--tmpfs`.

use super::super::options::Mount;
use super::wrong;
use crate::error::Result;

const PROPAGATIONS: [&str; 6] = ["private", "rprivate", "shared", "rshared", "slave", "rslave"];

/// `-v SOURCE:TARGET[:OPTIONS]` or `-v TARGET`. A relative source must have been made absolute before.
pub(crate) fn volume(text: &str) -> Result<Mount> {
    let parts: Vec<&str> = text.split(':').collect();
    let (source, target, options) = match parts.as_slice() {
        [target] => (None, *target, ""),
        [source, target] => (Some(*source), *target, ""),
        [source, target, options] => (Some(*source), *target, *options),
        _ => return Err(wrong(format!("invalid volume specification: '{text}'"))),
    };
    if !target.starts_with('/') {
        return Err(wrong(format!(
            "invalid volume specification: '{text}': '{target}' is not an absolute path"
        )));
    }
    let mut read_only = false;
    let mut propagation = None;
    for option in options.split(',').filter(|option| !option.is_empty()) {
        match option {
            "ro" => read_only = true,
            // Copying and relabelling mean nothing here: there is no SELinux, binds are never copied.
            "rw" | "z" | "Z" | "nocopy" | "copy" | "cached" | "delegated" | "consistent" => {}
            other if PROPAGATIONS.contains(&other) => propagation = Some(other.to_owned()),
            other => {
                return Err(wrong(format!(
                    "invalid volume specification: '{text}': unknown mode: {other}"
                )));
            }
        }
    }
    match source {
        None => Ok(Mount::Volume {
            target: target.to_owned(),
            read_only,
        }),
        Some(source) if source.starts_with('/') => Ok(Mount::Bind {
            source: source.to_owned(),
            target: target.to_owned(),
            read_only,
            propagation,
            make_source: true,
            recursive: true,
        }),
        Some(source) => Err(named(source)),
    }
}

fn named(name: &str) -> crate::error::Error {
    wrong(format!("named volumes are not supported yet: '{name}'"))
        .hint("bind a directory of the host by its absolute path, or give only the path in the container")
}

/// `--tmpfs TARGET[:OPTIONS]`.
pub(crate) fn tmpfs(text: &str) -> Result<Mount> {
    let (target, options) = text.split_once(':').unwrap_or((text, ""));
    if !target.starts_with('/') {
        return Err(wrong(format!(
            "invalid mount path: '{target}' mount path must be absolute"
        )));
    }
    let options = options
        .split(',')
        .filter(|option| !option.is_empty())
        .map(str::to_owned)
        .collect();
    Ok(Mount::Tmpfs {
        target: target.to_owned(),
        options,
    })
}

/// The fields of one `--mount`.
#[derive(Default)]
struct Fields {
    kind: String,
    source: String,
    target: String,
    read_only: bool,
    propagation: Option<String>,
    recursive: bool,
    make_source: bool,
    tmpfs: Vec<String>,
}

/// `--mount type=…,source=…,target=…`.
pub(crate) fn mount(text: &str) -> Result<Mount> {
    let mut fields = Fields {
        kind: "volume".to_owned(),
        recursive: true,
        ..Fields::default()
    };
    for field in text.split(',') {
        let (key, value) = field
            .split_once('=')
            .map_or((field, None), |(key, value)| (key, Some(value)));
        set(&mut fields, &key.trim().to_lowercase(), value)
            .map_err(|error| error.context(format!("invalid argument \"{text}\" for \"--mount\" flag")))?;
    }
    let Fields {
        kind,
        source,
        target,
        read_only,
        propagation,
        recursive,
        make_source,
        tmpfs,
    } = fields;
    if target.is_empty() {
        return Err(wrong(format!(
            "invalid argument \"{text}\" for \"--mount\" flag: target is required"
        )));
    }
    match kind.as_str() {
        "bind" if source.starts_with('/') => Ok(Mount::Bind {
            source,
            target,
            read_only,
            propagation,
            make_source,
            recursive,
        }),
        "bind" => Err(wrong(format!(
            "invalid mount path: '{source}' mount path must be absolute"
        ))),
        "tmpfs" if source.is_empty() => {
            let read_only = read_only.then(|| "ro".to_owned());
            Ok(Mount::Tmpfs {
                target,
                options: tmpfs.into_iter().chain(read_only).collect(),
            })
        }
        "tmpfs" => Err(wrong(
            "invalid mount config for type \"tmpfs\": field Source must not be specified".to_owned(),
        )),
        "volume" if source.is_empty() => Ok(Mount::Volume { target, read_only }),
        "volume" => Err(named(&source)),
        other => {
            Err(wrong(format!("mount type unknown: \"{other}\""))
                .hint("the types are bind, tmpfs and volume"))
        }
    }
}

fn set(fields: &mut Fields, key: &str, value: Option<&str>) -> Result<()> {
    let text = || {
        value
            .map(str::to_owned)
            .ok_or_else(|| wrong(format!("invalid field '{key}' must be a key=value pair")))
    };
    let flag = || match value {
        None | Some("true" | "1") => Ok(true),
        Some("false" | "0") => Ok(false),
        Some(other) => Err(wrong(format!("invalid value for {key}: {other}"))),
    };
    match key {
        "type" => fields.kind = text()?.to_lowercase(),
        "source" | "src" => fields.source = text()?,
        "target" | "dst" | "destination" => fields.target = text()?,
        "readonly" | "ro" => fields.read_only = flag()?,
        "bind-propagation" => {
            let propagation = text()?;
            if !PROPAGATIONS.contains(&propagation.as_str()) {
                return Err(wrong(format!("invalid propagation mode: {propagation}")));
            }
            fields.propagation = Some(propagation);
        }
        "bind-nonrecursive" => fields.recursive = !flag()?,
        "bind-create-src" => fields.make_source = flag()?,
        "tmpfs-size" => fields.tmpfs.push(format!("size={}", super::size(&text()?)?)),
        "tmpfs-mode" => fields.tmpfs.push(format!("mode={}", text()?)),
        "consistency" | "volume-nocopy" => {}
        other => return Err(wrong(format!("unexpected key '{other}' in '{other}'"))),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bind(source: &str, target: &str, read_only: bool, make_source: bool) -> Mount {
        Mount::Bind {
            source: source.to_owned(),
            target: target.to_owned(),
            read_only,
            propagation: None,
            make_source,
            recursive: true,
        }
    }

    #[test]
    fn volumes() {
        assert_eq!(volume("/a:/b").unwrap(), bind("/a", "/b", false, true));
        assert_eq!(volume("/a:/b:ro,Z").unwrap(), bind("/a", "/b", true, true));
        assert_eq!(
            volume("/b").unwrap(),
            Mount::Volume {
                target: "/b".to_owned(),
                read_only: false
            }
        );
        for (text, part) in [
            ("data:/b", "named volumes are not supported yet: 'data'"),
            ("/a:b", "'b' is not an absolute path"),
            ("/a:/b:quick", "unknown mode: quick"),
            ("a:b:c:d", "invalid volume specification"),
        ] {
            let error = volume(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn mounts() {
        assert_eq!(
            mount("type=bind,src=/a,dst=/b,readonly").unwrap(),
            bind("/a", "/b", true, false)
        );
        assert_eq!(
            mount("type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=1770").unwrap(),
            Mount::Tmpfs {
                target: "/t".to_owned(),
                options: vec!["size=1048576".to_owned(), "mode=1770".to_owned()]
            }
        );
        assert!(
            matches!(mount("type=bind,src=/a,dst=/b,bind-propagation=rslave").unwrap(),
                         Mount::Bind { propagation: Some(word), .. } if word == "rslave")
        );
        for (text, part) in [
            ("type=bind,src=/a", "target is required"),
            ("type=bind,src=a,dst=/b", "mount path must be absolute"),
            ("type=npipe,dst=/b", "mount type unknown"),
            ("type=tmpfs,src=/a,dst=/b", "field Source must not be specified"),
            ("type=bind,src=/a,dst=/b,foo=1", "unexpected key 'foo'"),
            (
                "type=bind,src=/a,dst=/b,bind-propagation=x",
                "invalid propagation mode: x",
            ),
            ("type=bind,src=/a,dst=/b,ro=maybe", "invalid value for ro"),
        ] {
            let error = mount(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn memory() {
        assert_eq!(
            tmpfs("/run:size=64k,exec").unwrap(),
            Mount::Tmpfs {
                target: "/run".to_owned(),
                options: vec!["size=64k".to_owned(), "exec".to_owned()]
            }
        );
        assert!(tmpfs("run").is_err());
    }
}
