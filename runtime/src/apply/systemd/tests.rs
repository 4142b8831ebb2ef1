//! Conversations with a stand-in for systemd: a thread that answers as told.

use super::address::Address;
use super::*;
use crate::dbus::{HEADER, Incoming, Kind as Message, encode, field, frame_length};
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;

const ACCEPTED: &str = "DATA\r\nOK 0123456789abcdef\r\n";

/// The other side of a connection.
struct Server(UnixStream);

impl Server {
    /// The next call's serial number, method and arguments; none when the client is gone.
    fn call(&mut self) -> Option<(u32, String, Vec<Value>)> {
        let mut bytes = vec![0; HEADER];
        self.0.read_exact(&mut bytes).ok()?;
        bytes.resize(frame_length(bytes.first_chunk().unwrap()).unwrap(), 0);
        self.0.read_exact(&mut bytes[HEADER..]).ok()?;
        let serial = u32::from_le_bytes(*bytes[8..].first_chunk().unwrap());
        let call = Incoming::decode(&bytes).unwrap();
        let Message::Call(_, member) = &call.kind else {
            panic!("{call:?}")
        };
        Some((serial, member.clone(), call.arguments().unwrap()))
    }

    fn say(&mut self, kind: u8, fields: Vec<(u8, Value)>, arguments: &[Value]) {
        self.0.write_all(&encode(kind, 9, fields, arguments)).unwrap();
    }

    fn reply(&mut self, to: u32, arguments: &[Value]) {
        self.say(2, vec![(field::REPLY_SERIAL, Value::Uint32(to))], arguments);
    }

    fn refuse(&mut self, to: u32, name: &str, text: &str) {
        let name = Value::String(name.into());
        self.say(
            3,
            vec![
                (field::REPLY_SERIAL, Value::Uint32(to)),
                (field::ERROR_NAME, name),
            ],
            &[Value::String(text.into())],
        );
    }

    fn job_removed(&mut self, job: &str, result: &str) {
        let text = |text: &str| Value::String(text.into());
        self.say(
            4,
            vec![
                (field::INTERFACE, text(bus::MANAGER)),
                (field::MEMBER, text("JobRemoved")),
            ],
            &[
                Value::Uint32(1),
                Value::ObjectPath(job.into()),
                text("a.scope"),
                text(result),
            ],
        );
    }
}

/// Runs a client against a server that answers the authentication with `greeting`, then runs `serve`.
fn converse<R>(
    greeting: &'static str,
    serve: impl FnOnce(&mut Server) + Send + 'static,
    client: impl FnOnce(&mut Bus) -> R,
) -> R {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut said = [0; 29];
        stream.read_exact(&mut said).unwrap();
        assert_eq!(&said, b"\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n");
        stream.write_all(greeting.as_bytes()).unwrap();
        serve(&mut Server(stream));
    });
    let address = Address::path(path.to_str().unwrap(), true);
    let mut bus = Bus::greet(&address, Duration::from_millis(300)).unwrap();
    let result = client(&mut bus);
    drop(bus);
    server.join().unwrap();
    result
}

fn scope() -> Scope {
    let property = |name: &str, value| Property {
        name: name.into(),
        value,
    };
    Scope {
        unit: Unit {
            name: "a.scope".into(),
            manager: Manager::System,
        },
        properties: vec![
            property("AllowedCPUs", Value::bytes(&[1])),
            property("MemoryMax", Value::Uint64(5)),
        ],
    }
}

#[test]
fn a_scope_is_started_with_the_process_and_its_job_waited_for() {
    let serve = |server: &mut Server| {
        let (serial, member, arguments) = server.call().unwrap();
        assert_eq!(member, "StartTransientUnit");
        assert_eq!(
            arguments.iter().map(Value::signature).collect::<String>(),
            "ssa(sv)a(sa(sv))"
        );
        assert!(
            arguments[2].to_string().contains("(\"PIDs\", [42])"),
            "{}",
            arguments[2]
        );
        // News of another job, and of this one before its answer.
        server.job_removed("/other", "failed");
        server.job_removed("/mine", "done");
        server.reply(serial, &[Value::ObjectPath("/mine".into())]);
    };
    converse(ACCEPTED, serve, |bus| start(bus, &scope(), 42)).unwrap();
}

#[test]
fn properties_that_an_old_systemd_does_not_know_are_left_out() {
    let serve = |server: &mut Server| {
        let (serial, ..) = server.call().unwrap();
        let text = "Cannot set property AllowedCPUs, or unknown property.";
        server.refuse(serial, "org.freedesktop.DBus.Error.PropertyReadOnly", text);
        let (serial, _, arguments) = server.call().unwrap();
        assert!(!arguments[2].to_string().contains("AllowedCPUs"));
        let text = "Cannot set property MemoryMax, or unknown property.";
        server.refuse(serial, "org.freedesktop.DBus.Error.PropertyReadOnly", text);
    };
    let error = converse(ACCEPTED, serve, |bus| start(bus, &scope(), 42)).unwrap_err();
    assert!(error.to_string().contains("MemoryMax"), "{error}");
}

#[test]
fn a_unit_that_is_there_is_reset_once_then_in_the_way() {
    let serve = |server: &mut Server| {
        let (serial, ..) = server.call().unwrap();
        server.refuse(
            serial,
            "org.freedesktop.systemd1.UnitExists",
            "Unit a.scope already exists.",
        );
        let (serial, member, _) = server.call().unwrap();
        assert_eq!(member, "ResetFailedUnit");
        server.reply(serial, &[]);
        let (serial, ..) = server.call().unwrap();
        server.refuse(
            serial,
            "org.freedesktop.systemd1.UnitExists",
            "Unit a.scope already exists.",
        );
    };
    let error = converse(ACCEPTED, serve, |bus| start(bus, &scope(), 42)).unwrap_err();
    assert_eq!(error.kind(), Kind::Exists);
    assert!(error.to_string().contains("already exists"), "{error}");
}

#[test]
fn a_job_that_fails_is_told() {
    let serve = |server: &mut Server| {
        let (serial, ..) = server.call().unwrap();
        server.reply(serial, &[Value::ObjectPath("/mine".into())]);
        server.job_removed("/mine", "dependency");
    };
    let error = converse(ACCEPTED, serve, |bus| start(bus, &scope(), 42)).unwrap_err();
    assert!(error.to_string().contains("\"dependency\""), "{error}");
}

#[test]
fn silence_ends_and_is_told() {
    let serve = |server: &mut Server| {
        let (serial, ..) = server.call().unwrap();
        server.reply(serial, &[Value::ObjectPath("/mine".into())]);
        assert!(server.call().is_none(), "the client goes");
    };
    let error = converse(ACCEPTED, serve, |bus| start(bus, &scope(), 42)).unwrap_err();
    assert!(
        error.to_string().contains("has not answered for 0.3 s"),
        "{error}"
    );
}

#[test]
fn a_user_who_is_not_served_is_told() {
    let error = converse("REJECTED EXTERNAL\r\n", |_| {}, |bus| start(bus, &scope(), 42)).unwrap_err();
    let told = error.to_string();
    assert!(
        told.contains("does not accept this user") || told.contains("has closed"),
        "{told}"
    );
    let error = converse(ACCEPTED, |_| {}, |bus| start(bus, &scope(), 42)).unwrap_err();
    assert!(error.to_string().contains("has closed the connection"), "{error}");
}
