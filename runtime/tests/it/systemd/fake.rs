//! A stand-in for systemd on a bus: makes scopes' groups in its own hierarchy as systemd does, and remembers calls.

use corten_runtime::dbus::{HEADER, Incoming, Kind, Value, encode, field, frame_length};
use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

const MANAGER: &str = "org.freedesktop.systemd1.Manager";
const GREETING: &[u8] = b"\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";
const METHOD_RETURN: u8 = 2;
const SIGNAL: u8 = 4;

/// The stand-in; at its end the groups of its slices go.
pub(super) struct Systemd {
    socket: PathBuf,
    slice: String,
    calls: Arc<Mutex<Vec<String>>>,
}

impl Systemd {
    /// Serves on a socket in `dir`; groups are made below `hierarchy`, in the slice that it is to be asked for.
    pub(super) fn start(dir: &Path, hierarchy: &Path, slice: &str) -> Self {
        let socket = dir.join("bus");
        let listener = UnixListener::bind(&socket).unwrap();
        let calls = Arc::new(Mutex::new(Vec::new()));
        let server = Server {
            groups: hierarchy.join(format!("{slice}.slice")),
            calls: Arc::clone(&calls),
        };
        // It ends with the test program: nobody connects any more.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                server.serve(stream);
            }
        });
        Self {
            socket,
            slice: slice.to_owned(),
            calls,
        }
    }

    /// What DBUS_SYSTEM_BUS_ADDRESS has to be.
    pub(super) fn address(&self) -> String {
        format!("unix:path={}", self.socket.display())
    }

    /// The calls so far: method and arguments.
    pub(super) fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }
}

impl Drop for Systemd {
    fn drop(&mut self) {
        for root in roots() {
            let _ = fs::remove_dir(root.join(format!("{}.slice", self.slice)));
        }
    }
}

/// Where hierarchies are mounted.
pub(super) fn roots() -> Vec<PathBuf> {
    let mounts = fs::read_to_string("/proc/thread-self/mounts").unwrap();
    let cgroups = mounts.lines().filter(|line| {
        line.split(' ')
            .nth(2)
            .is_some_and(|kind| kind.starts_with("cgroup"))
    });
    cgroups
        .filter_map(|line| line.split(' ').nth(1).map(PathBuf::from))
        .collect()
}

struct Server {
    groups: PathBuf,
    calls: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn serve(&self, mut stream: UnixStream) {
        let mut greeting = vec![0; GREETING.len()];
        if stream.read_exact(&mut greeting).is_err() {
            return;
        }
        assert_eq!(greeting, GREETING);
        stream.write_all(b"DATA\r\nOK 0123456789abcdef\r\n").unwrap();
        while let Some((serial, member, arguments)) = next_call(&mut stream) {
            let shown: Vec<String> = arguments.iter().map(Value::to_string).collect();
            self.calls
                .lock()
                .unwrap()
                .push(format!("{member} {}", shown.join(" ")));
            // The client may be gone without waiting for an answer.
            drop(self.answer(&mut stream, serial, &member, &arguments));
        }
    }

    fn answer(
        &self,
        stream: &mut UnixStream,
        serial: u32,
        member: &str,
        arguments: &[Value],
    ) -> std::io::Result<()> {
        let job = Value::ObjectPath("/job/1".into());
        let unit = arguments
            .first()
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let is_job = match member {
            "StartTransientUnit" => {
                self.make_group(&unit, &arguments[2]);
                true
            }
            "StopUnit" => {
                let _ = fs::remove_dir(self.groups.join(&unit));
                true
            }
            _ => false,
        };
        let reply = vec![(field::REPLY_SERIAL, Value::Uint32(serial))];
        let result = if is_job { vec![job.clone()] } else { Vec::new() };
        stream.write_all(&encode(METHOD_RETURN, 1, reply, &result))?;
        if is_job {
            let text = |text: &str| Value::String(text.to_owned());
            let fields = vec![
                (field::INTERFACE, text(MANAGER)),
                (field::MEMBER, text("JobRemoved")),
            ];
            let arguments = [Value::Uint32(1), job, text(&unit), text("done")];
            stream.write_all(&encode(SIGNAL, 2, fields, &arguments))?;
        }
        Ok(())
    }

    /// Makes the unit's group, and moves the processes of its property `PIDs` into it.
    fn make_group(&self, unit: &str, properties: &Value) {
        let group = self.groups.join(unit);
        fs::create_dir_all(&group).unwrap();
        let Value::Array(_, properties) = properties else {
            panic!("{properties}")
        };
        let pids = properties.iter().find_map(|property| match property {
            Value::Struct(pair) if pair[0].as_str() == Some("PIDs") => Some(pair[1].to_string()),
            _ => None,
        });
        let pids = pids.expect("PIDs");
        fs::write(group.join("cgroup.procs"), pids.trim_matches(['[', ']'])).unwrap();
    }
}

/// The next call's serial number, method and arguments; none when the client is gone.
fn next_call(stream: &mut UnixStream) -> Option<(u32, String, Vec<Value>)> {
    let mut bytes = vec![0; HEADER];
    stream.read_exact(&mut bytes).ok()?;
    bytes.resize(frame_length(bytes.first_chunk().unwrap()).unwrap(), 0);
    stream.read_exact(&mut bytes[HEADER..]).ok()?;
    let serial = u32::from_le_bytes(*bytes[8..].first_chunk().unwrap());
    let call = Incoming::decode(&bytes).unwrap();
    let Kind::Call(_, member) = &call.kind else {
        panic!("{call:?}")
    };
    Some((serial, member.clone(), call.arguments().unwrap()))
}
