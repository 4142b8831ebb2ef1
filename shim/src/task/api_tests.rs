use super::*;
use proptest::prelude::*;
use std::time::Duration;

fn any_of(type_url: &str, value: &[u8]) -> Any {
    Any {
        type_url: type_url.to_owned(),
        value: value.to_vec(),
    }
}

#[test]
fn create_has_everything() {
    let mount = Mount {
        kind: "overlay".to_owned(),
        source: "overlay".to_owned(),
        target: String::new(),
        options: vec!["index=off".to_owned(), "lowerdir=/a:/b".to_owned()],
    };
    let options = any_of("containerd.runc.v1.Options", b"\x32\x01x");
    let message = Message::new()
        .text(1, "c")
        .text(2, "/bundle")
        .messages(3, [mount.encode(), mount.encode()])
        .number(4, 1u32)
        .text(5, "/in")
        .text(6, "/out")
        .text(8, "/checkpoint")
        .message(10, &options.encode())
        .into_bytes();
    let stdio = Stdio {
        stdin: "/in".to_owned(),
        stdout: "/out".to_owned(),
        stderr: String::new(),
        terminal: true,
    };
    let expected = Create {
        id: "c".to_owned(),
        bundle: "/bundle".to_owned(),
        rootfs: vec![mount.clone(), mount],
        stdio,
        checkpoint: "/checkpoint".to_owned(),
        options: Some(options),
    };
    assert_eq!(decode("Create", &message), Ok(Request::Create(expected)));
}

#[test]
fn every_method_is_known_and_others_are_unimplemented() {
    let message = Message::new().text(1, "c").into_bytes();
    for method in [
        "Create",
        "Start",
        "State",
        "Kill",
        "Exec",
        "ResizePty",
        "Pause",
        "Resume",
        "Checkpoint",
        "Update",
        "Pids",
        "Stats",
        "Wait",
        "CloseIO",
        "Connect",
        "Shutdown",
        "Delete",
    ] {
        assert!(decode(method, &message).is_ok(), "{method}");
    }
    let refused = decode("Migrate", &message).expect_err("unknown");
    assert_eq!(refused.code, Code::Unimplemented);
}

#[test]
fn a_second_field_of_another_type_is_no_process() {
    let message = Message::new().text(1, "c").text(2, "/image").into_bytes();
    let target = Target {
        id: "c".to_owned(),
        exec: String::new(),
    };
    assert_eq!(
        decode("Checkpoint", &message),
        Ok(Request::Checkpoint {
            target: target.clone(),
            path: "/image".to_owned(),
            options: None
        })
    );
    assert_eq!(decode("Pause", &message), Ok(Request::Pause(target)));
}

#[test]
fn signals_that_are_none_are_not_cut_to_some() {
    let message = Message::new()
        .text(1, "c")
        .number(3, (1u64 << 32) + 9)
        .into_bytes();
    let Ok(Request::Kill { signal, .. }) = decode("Kill", &message) else {
        panic!("not a kill");
    };
    assert_eq!(signal, -1);
}

#[test]
fn answers_are_containerd_s() {
    let exit = Exit {
        status: 137,
        at: Timestamp::new(Duration::new(5, 6)),
    };
    assert_eq!(waited(exit).into_bytes(), [8, 0x89, 1, 0x12, 4, 8, 5, 16, 6]);
    assert_eq!(
        deleted(300, exit).into_bytes(),
        [8, 0xac, 2, 16, 0x89, 1, 0x1a, 4, 8, 5, 16, 6]
    );
    let processes = [(1, None), (2, Some("e".to_owned()))];
    let details =
        b"\x0a\x02\x08\x01\x0a\x2c\x08\x02\x12\x28\x0a\x21containerd.runc.v1.ProcessDetails\x12\x03\x0a\x01e";
    assert_eq!(pids(&processes).into_bytes(), details);
}

proptest! {
    #[test]
    fn nothing_makes_a_request_panic(message: Vec<u8>) {
        for method in ["Create", "Exec", "Kill", "Checkpoint", "ResizePty"] {
            let _ = decode(method, &message);
        }
    }
}
