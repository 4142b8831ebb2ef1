//! CVE-2026-30892: `exec --user` reads a text as another user than it says, root above all.

use crate::bundle::Bundle;

#[test]
fn exec_runs_as_the_user_that_was_given_or_not_at_all() {
    let bundle = Bundle::new("30892", "sleep 1000");
    bundle.create();
    bundle.must(&["start"]);
    let exec = |user: &str| {
        let mut command = bundle.command(&["exec", &format!("--user={user}"), bundle.id()]);
        command
            .args(["sh", "-c", "echo $(id -u):$(id -g)"])
            .output()
            .unwrap()
    };
    for (user, expected) in [
        ("7", "7:0\n"),
        ("7:8", "7:8\n"),
        ("0:0", "0:0\n"),
        ("007:08", "7:8\n"),
    ] {
        let output = exec(user);
        let seen = String::from_utf8(output.stdout).unwrap();
        // Leading zeros may be refused, but never be octal.
        assert!(
            seen == expected || (user.starts_with("00") && !output.status.success()),
            "{user}: {seen}"
        );
    }
    for user in [
        "",
        ":",
        "1:",
        ":1",
        "1:2:3",
        "root",
        "0x1",
        "1e3",
        "-1",
        "+1",
        " 1",
        "1 ",
        "1,2",
        "4294967295",
        "4294967296",
        "18446744073709551616",
        "1\n",
        "٣",
    ] {
        let output = exec(user);
        assert_eq!(output.status.code(), Some(255), "{user:?}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{user:?}");
    }
}
