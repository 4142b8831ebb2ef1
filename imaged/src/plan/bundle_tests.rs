//! The whole config.json, judged by the specification's own types.

use serde_json::{Value, json};

use super::*;
use crate::plan::options::Mount;

fn facts() -> Facts {
    Facts {
        architecture: "amd64".to_owned(),
        kernel: (6, 1),
        hostname: "host".to_owned(),
        last_capability: 40,
        bounding_capabilities: u64::MAX,
        ..Facts::default()
    }
}

fn config_of(options: &Options, user: &User) -> Value {
    let config = Config {
        cmd: vec!["/hello".to_owned()],
        env: vec!["PATH=/bin".to_owned()],
        ..Config::default()
    };
    let own = Own {
        hostname: "/c/hostname".to_owned(),
        hosts: "/c/hosts".to_owned(),
        resolv_conf: "/c/resolv.conf".to_owned(),
        init: options.init.then(|| "/c/init".to_owned()),
        volumes: vec!["/c/volumes/0".to_owned()],
    };
    let container = Container {
        id: "abc",
        config: &config,
        options,
        user,
        hostname: "box",
        own: &own,
    };
    bundle_config(&container, &facts()).unwrap()
}

fn plain() -> Value {
    config_of(&Options::default(), &User::default())
}

#[test]
fn the_specifications_types_accept_it() {
    let everything = Options {
        tty: true,
        init: true,
        hostname: Some("box".to_owned()),
        domainname: Some("example".to_owned()),
        mounts: vec![
            Mount::Tmpfs {
                target: "/t".to_owned(),
                options: vec!["size=1m".to_owned()],
            },
            Mount::Volume {
                target: "/v".to_owned(),
                read_only: true,
            },
        ],
        ulimits: vec![crate::plan::flags::ulimit("nofile=10").unwrap()],
        oom_score_adj: Some(5),
        ..Options::default()
    };
    for config in [
        plain(),
        config_of(
            &everything,
            &User {
                uid: 1,
                gid: 2,
                groups: vec![2],
            },
        ),
    ] {
        let spec: oci_spec::runtime::Spec = serde_json::from_value(config).unwrap();
        assert_eq!(spec.root().as_ref().unwrap().path().to_str(), Some("rootfs"));
    }
}

#[test]
fn a_plain_container_is_isolated() {
    let config = plain();
    let kinds: Vec<&str> = config["linux"]["namespaces"]
        .as_array()
        .unwrap()
        .iter()
        .map(|ns| ns["type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["mount", "network", "uts", "pid", "ipc"]);
    assert_eq!(
        config["process"]["capabilities"]["bounding"]
            .as_array()
            .unwrap()
            .len(),
        14
    );
    assert!(
        config["process"]["capabilities"].get("inheritable").is_none(),
        "CVE-2022-24769"
    );
    assert!(config["linux"]["seccomp"].is_object());
    assert_eq!(
        config["linux"]["maskedPaths"].as_array().unwrap().len(),
        MASKED.len()
    );
    assert_eq!(config["process"]["env"], json!(["PATH=/bin", "HOSTNAME=box"]));
    assert_eq!(config["hostname"], "box");
}

#[test]
fn a_privileged_container_is_not_filtered() {
    let config = config_of(
        &Options {
            privileged: true,
            ..Options::default()
        },
        &User::default(),
    );
    assert!(config["linux"].get("seccomp").is_none());
    assert!(config["linux"].get("maskedPaths").is_none());
    assert_eq!(
        config["process"]["capabilities"]["effective"]
            .as_array()
            .unwrap()
            .len(),
        41
    );
    let sys = config["mounts"]
        .as_array()
        .unwrap()
        .iter()
        .find(|mount| mount["destination"] == "/sys")
        .unwrap()
        .clone();
    assert!(sys["options"].as_array().unwrap().contains(&json!("rw")));
}

#[test]
fn a_user_other_than_root_has_nothing_effective() {
    let config = config_of(
        &Options::default(),
        &User {
            uid: 1000,
            gid: 1000,
            groups: vec![1000],
        },
    );
    assert_eq!(config["process"]["capabilities"]["effective"], json!([]));
    assert_eq!(
        config["process"]["capabilities"]["bounding"]
            .as_array()
            .unwrap()
            .len(),
        14
    );
}

#[test]
fn the_hosts_namespaces_on_request() {
    let options = Options {
        network: Network::Host,
        host_pid: true,
        host_ipc: true,
        host_uts: true,
        ..Options::default()
    };
    let config = config_of(&options, &User::default());
    assert_eq!(config["linux"]["namespaces"], json!([{"type": "mount"}]));
    assert!(
        config.get("hostname").is_none(),
        "a host name needs a namespace of its own"
    );
    assert!(config["linux"].get("sysctl").is_none());
}

#[test]
fn init_comes_first() {
    let config = config_of(
        &Options {
            init: true,
            ..Options::default()
        },
        &User::default(),
    );
    assert_eq!(config["process"]["args"], json!(["/dev/init", "--", "/hello"]));
    let last = config["mounts"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (last["destination"].clone(), last["source"].clone()),
        (json!("/dev/init"), json!("/c/init"))
    );
}

#[test]
fn shared_mounts_need_a_shared_root() {
    let mount = |propagation: &str| crate::plan::flags::volume(&format!("/a:/b:{propagation}")).unwrap();
    for (propagation, root) in [
        ("rshared", "shared"),
        ("slave", "rslave"),
        ("private", "rprivate"),
    ] {
        let options = Options {
            mounts: vec![mount(propagation)],
            ..Options::default()
        };
        assert_eq!(
            config_of(&options, &User::default())["linux"]["rootfsPropagation"],
            root
        );
    }
}

#[test]
fn a_user_namespace_has_its_ids_and_mounts_what_it_may() {
    let userns = crate::plan::userns::parse(None, &["0:100000:3".to_owned()], &[]).unwrap();
    let with = |options: Options| {
        let userns = userns.clone();
        config_of(&Options { userns, ..options }, &User::default())
    };
    let config = with(Options::default());
    let linux = &config["linux"];
    assert_eq!(
        linux["uidMappings"],
        json!([{"containerID": 0, "hostID": 100_000, "size": 3}])
    );
    assert_eq!(linux["gidMappings"], linux["uidMappings"]);
    assert!(
        linux["namespaces"]
            .as_array()
            .unwrap()
            .contains(&json!({"type": "user"}))
    );
    assert_eq!(linux["sysctl"]["net.ipv4.ping_group_range"], "0 2");
    assert_eq!(plain()["linux"]["uidMappings"], Value::Null);
    let mount_at = |config: &Value, target: &str| {
        let mounts = config["mounts"].as_array().unwrap();
        mounts
            .iter()
            .find(|mount| mount["destination"] == target)
            .cloned()
            .unwrap()
    };
    let terminals = mount_at(&config, "/dev/pts").to_string();
    assert!(
        !terminals.contains("gid=5"),
        "the group is not there: {terminals}"
    );
    for own in ["/proc", "/dev/mqueue", "/sys"] {
        assert!(
            !mount_at(&config, own)["options"].to_string().contains("bind"),
            "{own}"
        );
    }
    let volume = Options {
        mounts: vec![Mount::Volume {
            target: "/v".to_owned(),
            read_only: false,
        }],
        ..Options::default()
    };
    let is_nodev = |config: &Value| mount_at(config, "/v")["options"].to_string().contains("nodev");
    assert!(!is_nodev(&config_of(&volume, &User::default())));
    assert!(is_nodev(&with(volume)), "an image's nodes are no devices");
    let hosts = with(Options {
        network: Network::Host,
        host_pid: true,
        host_ipc: true,
        host_cgroup: Some(true),
        ..Options::default()
    });
    let text = hosts["mounts"].to_string();
    assert!(!text.contains("mqueue"), "{text}");
    for bound in ["/proc", "/sys"] {
        assert_eq!(mount_at(&hosts, bound)["source"], bound);
        assert!(
            mount_at(&hosts, bound)["options"]
                .to_string()
                .contains("\"rbind\""),
            "{bound}"
        );
    }
}
