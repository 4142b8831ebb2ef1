//! Network devices that move into the container. The machine's own are not touched: the runtime is called in a
//! network namespace of the test's.

use super::{bundle, set_namespace};
use crate::bundle::{Bundle, RUNTIME};
use serde_json::{Value, json};
use std::process::{Command, Output};

/// Calls the runtime after a script, both in a new network namespace (and mount namespace, for /sys and netns).
fn run_after(bundle: &Bundle, script: &str) -> Output {
    let path = bundle.path().to_str().unwrap();
    let run = format!(
        "{script}\nexec {RUNTIME} --root {path}/state run -b {path} {}",
        bundle.id()
    );
    let mut command = Command::new("unshare");
    command.args(["--net", "--mount", "--propagation", "private", "sh", "-ec", &run]);
    command.output().unwrap()
}

fn succeed(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn with_devices(name: &str, script: &str, devices: &Value) -> Bundle {
    let bundle = bundle(name, script);
    bundle.edit(|config| {
        set_namespace(config, json!({"type": "network"}));
        config["linux"]["netDevices"] = devices.clone();
    });
    bundle
}

const CARD: &str = "ip link add card0 mtu 1400 address 02:00:00:00:00:07 type veth peer name peer0
    ip addr add 192.0.2.7/24 brd + dev card0
    ip addr add 2001:db8::7/64 nodad dev card0
    ip addr add 192.0.2.8/32 dev card0 scope link
    ip link set card0 up";

#[test]
fn a_device_moves_with_its_addresses() {
    let bundle = with_devices("netdev", "busybox ip addr show dev card0", &json!({"card0": {}}));
    let seen = succeed(&run_after(&bundle, CARD));
    for part in [
        "mtu 1400",
        "UP",
        "02:00:00:00:00:07",
        "inet 192.0.2.7/24 brd 192.0.2.255 scope global card0",
        "inet6 2001:db8::7/64 scope global",
    ] {
        assert!(seen.contains(part), "{part}: {seen}");
    }
    assert!(
        !seen.contains("192.0.2.8"),
        "only global addresses are kept: {seen}"
    );
}

#[test]
fn a_device_is_renamed_as_told_or_numbered() {
    let script = "busybox ip -o link | busybox cut -d: -f2 | busybox cut -d@ -f1 | busybox sort";
    let devices = json!({"card0": {"name": "eth%d"}, "card1": {"name": "inner"}, "card2": {"name": "eth%d"}});
    let bundle = with_devices("netdev-name", script, &devices);
    let make = "for n in 0 1 2; do ip link add card$n type veth peer name peer$n; done";
    assert_eq!(succeed(&run_after(&bundle, make)), " eth0\n eth1\n inner\n lo\n");
}

#[test]
fn a_device_moves_to_a_namespace_with_a_user_namespace_and_to_a_joined_one() {
    let script = "busybox ip -o addr show dev inner | busybox grep -c 192.0.2.7";
    let devices = json!({"card0": {"name": "inner"}});
    let bundle = with_devices("netdev-userns", script, &devices);
    super::namespaces::make_places(&bundle);
    bundle.edit(super::namespaces::user_namespace);
    assert_eq!(succeed(&run_after(&bundle, CARD)), "1\n");

    let bundle = with_devices("netdev-join", script, &devices);
    let place = bundle.file("netns");
    std::fs::write(&place, "").unwrap();
    bundle.edit(|config| set_namespace(config, json!({"type": "network", "path": place})));
    let join = format!(
        "{CARD}\nunshare --net mount --bind /proc/self/ns/net {}",
        place.display()
    );
    assert_eq!(succeed(&run_after(&bundle, &join)), "1\n");
}

#[test]
fn what_cannot_move_says_why() {
    for (device, name, expected) in [
        ("nosuch", "x", "there is no network device \"nosuch\""),
        ("card0", "lo", "the container has a network device \"lo\" already"),
        ("lo", "lo2", "move the device"),
    ] {
        let bundle = with_devices("netdev-bad", "true", &json!({device: {"name": name}}));
        let output = run_after(&bundle, CARD);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(errors.contains(expected) && errors.contains("hint: "), "{errors}");
        assert!(!output.status.success());
    }
}

#[test]
fn without_a_network_namespace_nothing_moves() {
    let bundle = with_devices("netdev-host", "true", &json!({"card0": {}}));
    bundle.edit(|config| {
        let all = config["linux"]["namespaces"].as_array_mut().unwrap();
        all.retain(|namespace| namespace["type"] != "network");
    });
    let error = bundle.refused(&["run"]);
    assert!(
        error.contains("linux.netDevices: found no network namespace"),
        "{error}"
    );
}
