//! A process beside the container's own: config.json's `process`, changed by what the user asked for.

use serde_json::{Value, json};

use super::user::User;
use super::{bundle, capabilities, command};
use crate::error::{Error, Kind, Result};
use crate::oci::Config;

/// What was asked for, with what had to be looked up for it.
#[derive(Debug, Default)]
pub(crate) struct Process {
    /// The command's words.
    pub(crate) args: Vec<String>,
    /// `NAME=value`, or `NAME` alone to take one away.
    pub(crate) env: Vec<String>,
    /// In place of the container's.
    pub(crate) user: Option<User>,
    /// In place of the container's.
    pub(crate) working_dir: Option<String>,
    /// These capabilities, as a mask, in place of the container's.
    pub(crate) capabilities: Option<u64>,
    pub(crate) tty: bool,
}

/// The process as the runtime takes it; `own` is the container's `process`.
///
/// # Errors
/// When the working directory is relative, or the container's own process is not as it should be.
pub(crate) fn process(own: &Value, config: &Config, hostname: &str, wanted: &Process) -> Result<Value> {
    let mut process = own.clone();
    let fields = process
        .as_object_mut()
        .ok_or_else(|| Error::new(Kind::Invalid, "the container's config.json has no process"))?;
    fields.remove("consoleSize");
    fields.insert("terminal".to_owned(), wanted.tty.into());
    fields.insert("args".to_owned(), wanted.args.clone().into());
    let env = bundle::environment(config, wanted.tty, hostname);
    fields.insert("env".to_owned(), command::environment(&env, &wanted.env).into());
    if let Some(directory) = &wanted.working_dir {
        if !directory.starts_with('/') {
            return Err(Error::new(
                Kind::NotExecutable,
                format!("the working directory '{directory}' is invalid, it needs to be an absolute path"),
            ));
        }
        fields.insert("cwd".to_owned(), directory.as_str().into());
    }
    if let Some(user) = &wanted.user {
        let user = json!({"uid": user.uid, "gid": user.gid, "additionalGids": user.groups});
        fields.insert("user".to_owned(), user);
    }
    let is_root = fields["user"]["uid"] == 0;
    let bounding = match wanted.capabilities {
        Some(mask) => json!(capabilities::in_mask(mask)),
        None => fields["capabilities"]["bounding"].clone(),
    };
    // Capabilities survive execve of a user that is not root only as far as the image's files carry them.
    let effective = if is_root { bounding.clone() } else { json!([]) };
    fields.insert(
        "capabilities".to_owned(),
        json!({"bounding": bounding, "effective": effective, "permitted": effective}),
    );
    Ok(process)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> Value {
        json!({
            "terminal": true, "consoleSize": {"height": 1, "width": 1}, "cwd": "/srv", "args": ["init"],
            "user": {"uid": 0, "gid": 0, "additionalGids": [0]}, "env": ["PATH=/bin", "A=1"],
            "capabilities": {"bounding": ["CAP_KILL"], "effective": ["CAP_KILL"], "permitted": ["CAP_KILL"]},
            "noNewPrivileges": true, "oomScoreAdj": 7,
        })
    }

    fn plan(wanted: &Process) -> Value {
        let config = Config {
            env: vec!["PATH=/bin".to_owned(), "A=1".to_owned()],
            ..Config::default()
        };
        process(&own(), &config, "box", wanted).unwrap()
    }

    #[test]
    fn what_is_not_asked_for_is_the_containers() {
        let process = plan(&Process {
            args: vec!["true".to_owned()],
            env: vec!["A=2".to_owned(), "B=3".to_owned()],
            ..Process::default()
        });
        assert_eq!(process["args"], json!(["true"]));
        assert_eq!(process["env"], json!(["PATH=/bin", "HOSTNAME=box", "A=2", "B=3"]));
        assert_eq!(process["terminal"], false);
        assert_eq!(process["consoleSize"], Value::Null);
        for same in ["cwd", "user", "capabilities", "noNewPrivileges", "oomScoreAdj"] {
            assert_eq!(process[same], own()[same], "{same}");
        }
    }

    #[test]
    fn another_user_has_no_effective_capabilities() {
        let mut wanted = Process {
            user: Some(User {
                uid: 5,
                gid: 6,
                groups: vec![6],
            }),
            tty: true,
            working_dir: Some("/tmp".to_owned()),
            ..Process::default()
        };
        let process = plan(&wanted);
        assert_eq!(
            process["user"],
            json!({"uid": 5, "gid": 6, "additionalGids": [6]})
        );
        assert_eq!(
            process["capabilities"],
            json!({"bounding": ["CAP_KILL"], "effective": [], "permitted": []})
        );
        assert!(process["env"].as_array().unwrap().contains(&json!("TERM=xterm")));
        assert_eq!(process["cwd"], "/tmp");
        wanted.capabilities = Some(0b1001);
        wanted.user = None;
        let process = plan(&wanted);
        let both = json!(["CAP_CHOWN", "CAP_FOWNER"]);
        assert_eq!(process["capabilities"]["effective"], both);
        assert_eq!(process["capabilities"]["bounding"], both);
    }

    #[test]
    fn relative_directories_are_refused() {
        let wanted = Process {
            working_dir: Some("tmp".to_owned()),
            ..Process::default()
        };
        assert!(process(&own(), &Config::default(), "box", &wanted).is_err());
    }
}
