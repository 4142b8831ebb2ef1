//! corten in the hands of a user without privileges: everything works in a user namespace, and nothing needs root.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::fake_registry::FakeRegistry;
use super::pulls::reference;
use super::sandbox::{Done, program, with_own_etc};
use super::test_image::{TestImage, TestLayer, tar_of};

/// Users that the machine has not, one for each test.
static USERS: AtomicU32 = AtomicU32::new(54_321);
const NAME: &str = "corten-somebody";
const FIRST: u32 = 700_000;

/// The user, whose home, session and programs are in a directory; the account is this thread's and its children's alone.
struct Somebody {
    directory: tempfile::TempDir,
    user: u32,
}

/// Runs a test as a user who may give these ids to others.
fn as_user(ranges: &str, test: impl FnOnce(&Somebody) + Send) {
    with_own_etc(|| {
        let user = USERS.fetch_add(1, Ordering::Relaxed);
        let directory = tempfile::tempdir().unwrap();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let add = |path: &str, line: String| {
            let text = fs::read_to_string(path).unwrap_or_default();
            fs::write(path, text + &line).unwrap();
        };
        add("/etc/passwd", format!("{NAME}:x:{user}:{user}::/:/bin/sh\n"));
        add("/etc/group", format!("{NAME}:x:{user}:\n"));
        for place in ["/etc/subuid", "/etc/subgid"] {
            fs::write(place, ranges).unwrap();
        }
        for name in ["corten", "corten-shim", "corten-runtime"] {
            fs::copy(program(name), directory.path().join(name)).unwrap();
        }
        for name in ["home", "session"] {
            fs::create_dir(directory.path().join(name)).unwrap();
            chown(directory.path().join(name), Some(user), Some(user)).unwrap();
        }
        let somebody = Somebody { directory, user };
        test(&somebody);
        somebody.leaves_nothing();
    });
}

fn all_ids() -> String {
    format!("root:1:1\n{NAME}:{FIRST}:65536\n")
}

impl Somebody {
    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn store(&self) -> PathBuf {
        self.path("home/.local/share/corten")
    }

    fn command(&self, words: &[&str]) -> Command {
        let user = self.user.to_string();
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid", &user, "--regid", &user, "--clear-groups"])
            .arg(self.path("corten"))
            .args(words)
            .env("HOME", self.path("home"))
            .env("XDG_RUNTIME_DIR", self.path("session"))
            .env_remove("XDG_DATA_HOME")
            .current_dir(self.path("home"))
            .stdin(Stdio::null());
        command
    }

    fn corten(&self, words: &[&str]) -> Done {
        self.command(words).output().unwrap().into()
    }

    fn ok(&self, words: &[&str]) -> String {
        let done = self.corten(words);
        assert_eq!(done.code, Some(0), "corten {words:?}: {done:?}");
        done.stdout.trim_end_matches('\n').to_owned()
    }

    fn start(&self, words: &[&str]) -> Child {
        let mut command = self.command(words);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    /// Pulls an image as `base`.
    fn pull(&self, image: &TestImage) -> Done {
        let registry = FakeRegistry::start();
        image.serve(&registry, "1");
        let name = reference(&registry, ":1").to_string();
        let done = self.corten(&["pull", "--quiet", &name]);
        assert_eq!(done.code, Some(0), "{done:?}");
        self.ok(&["tag", &name, "base"]);
        done
    }

    /// All containers are removed; then nothing of them is there, and no process that only keeps a namespace.
    fn leaves_nothing(&self) {
        let ids = self.ok(&["ps", "-aq", "--no-trunc"]);
        for id in ids.lines() {
            self.ok(&["rm", "-f", id]);
        }
        for place in ["corten/shims", "corten/runtime", "corten/commands"] {
            let left: Vec<_> = fs::read_dir(self.path("session").join(place))
                .into_iter()
                .flatten()
                .map(|entry| entry.unwrap().file_name())
                .collect();
            assert!(left.is_empty(), "{place}: {left:?}");
        }
        // The last of them may just be on its way out.
        let deadline = Instant::now() + Duration::from_secs(20);
        while let Some(status) = self.process() {
            assert!(Instant::now() < deadline, "a process is left: {status}");
            std::thread::yield_now();
        }
    }

    /// Any process of the user's.
    fn process(&self) -> Option<String> {
        let is_users = |status: &String| {
            status.contains(&format!("\nUid:\t{}\t", self.user)) && !status.contains("State:\tZ")
        };
        fs::read_dir("/proc")
            .unwrap()
            .filter_map(|process| fs::read_to_string(process.unwrap().path().join("status")).ok())
            .find(is_users)
    }
}

fn entry(
    builder: &mut tar::Builder<Vec<u8>>,
    (path, kind): (&str, tar::EntryType),
    mode: u32,
    owner: u64,
    data: &[u8],
) {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(owner);
    header.set_gid(owner);
    header.set_mtime(1_000_000);
    header.set_size(data.len() as u64);
    if kind == tar::EntryType::Char {
        header.set_device_major(1).unwrap();
        header.set_device_minor(3).unwrap();
    }
    if kind == tar::EntryType::Symlink {
        header.set_link_name("busybox").unwrap();
    }
    builder.append_data(&mut header, path, data).unwrap();
}

/// An image with a shell, with files of several owners and a device, and a layer that hides some of them.
fn image() -> TestImage {
    use tar::EntryType::{Char, Regular, Symlink};
    let busybox = fs::read("/usr/bin/busybox").expect("busybox-static (scripts/packages) is installed");
    let mut builder = tar::Builder::new(Vec::new());
    entry(&mut builder, ("bin/busybox", Regular), 0o755, 0, &busybox);
    for applet in [
        "sh", "cat", "chmod", "chown", "find", "id", "ls", "mkdir", "rm", "sleep", "sort", "stat",
    ] {
        entry(&mut builder, (&format!("bin/{applet}"), Symlink), 0o777, 0, b"");
    }
    let passwd = b"root:x:0:0::/:/bin/sh\napp:x:1000:1000::/:/bin/sh\n";
    entry(&mut builder, ("etc/passwd", Regular), 0o644, 0, passwd);
    entry(&mut builder, ("d/mine", Regular), 0o600, 1000, b"mine\n");
    entry(&mut builder, ("d/gone", Regular), 0o644, 0, b"");
    entry(&mut builder, ("d/null", Char), 0o666, 0, b"");
    entry(&mut builder, ("o/below", Regular), 0o644, 0, b"");
    let top = tar_of(&[("d/.wh.gone", b""), ("o/.wh..wh..opq", b""), ("o/above", b"")]);
    let mut image = TestImage::new(vec![
        TestLayer::gzip(&builder.into_inner().unwrap()),
        TestLayer::gzip(&top),
    ]);
    image.config["config"]["Cmd"] = serde_json::json!(["sh"]);
    image.describe();
    image
}

fn sh<'a>(first: &[&'a str], script: &'a str) -> Vec<&'a str> {
    [first, &["sh", "-ec", script]].concat()
}

#[test]
fn a_user_needs_no_privileges_for_the_whole_life_of_a_container() {
    as_user(&all_ids(), |somebody| {
        let pulled = somebody.pull(&image());
        assert!(!pulled.stderr.contains("level=warning"), "{pulled:?}");
        assert!(somebody.store().join("layers").exists(), "in the user's home");
        assert!(somebody.ok(&["info"]).contains("\n  rootless\n"));
        assert_eq!(
            somebody.ok(&sh(
                &["run", "--rm", "base"],
                "find d o | sort; id -u; stat -c '%u %F' /d/mine /d/null"
            )),
            "d\nd/mine\nd/null\no\no/above\n0\n1000 regular file\n0 regular empty file"
        );
        somebody.ok(&[
            "run",
            "-d",
            "--name",
            "one",
            "base",
            "sh",
            "-c",
            "echo out; exec sleep 1000",
        ]);
        assert!(somebody.ok(&["ps"]).contains("one"));
        assert_eq!(somebody.ok(&["logs", "one"]), "out");
        assert_eq!(somebody.ok(&["exec", "-u", "app", "one", "id", "-u"]), "1000");
        somebody.ok(&sh(
            &["exec", "one"],
            "echo new > /new; chown app /new; rm -r /o; mkdir /o; echo x > /o/again; rm /d/mine",
        ));
        let owner = |path: &str| {
            let id = somebody.ok(&["ps", "-q", "--no-trunc"]);
            fs::metadata(
                somebody
                    .store()
                    .join("containers")
                    .join(id)
                    .join("upper")
                    .join(path),
            )
            .unwrap()
            .uid()
        };
        assert_eq!((owner("o/again"), owner("new")), (somebody.user, FIRST + 999));
        assert_eq!(
            somebody
                .ok(&["diff", "one"])
                .lines()
                .filter(|line| !line.contains("/etc"))
                .collect::<Vec<_>>(),
            ["C /d", "D /d/mine", "A /new", "C /o", "A /o/again"]
        );
        somebody.ok(&["cp", "one:/new", "copied"]);
        assert_eq!(fs::read_to_string(somebody.path("home/copied")).unwrap(), "new\n");
        assert_eq!(
            fs::metadata(somebody.path("home/copied")).unwrap().uid(),
            somebody.user
        );
        somebody.ok(&["cp", "copied", "one:/back"]);
        somebody.ok(&["stop", "-t", "0", "one"]);
        somebody.ok(&["cp", "copied", "one:/stopped"]);
        somebody.ok(&["start", "one"]);
        assert_eq!(
            somebody.ok(&["exec", "one", "cat", "/back", "/stopped"]),
            "new\nnew"
        );
        somebody.ok(&["commit", "one", "made"]);
        somebody.ok(&["save", "-o", "made.tar", "made"]);
        somebody.ok(&["export", "-o", "export.tar", "one"]);
        somebody.ok(&["rm", "-f", "one"]);
        somebody.ok(&["rmi", "made"]);
        somebody.ok(&["load", "-i", "made.tar"]);
        assert_eq!(
            somebody.ok(&sh(
                &["run", "--rm", "made"],
                "stat -c '%n %u' /new /o/again; ls /o; ls /d"
            )),
            "/new 1000\n/o/again 0\nagain\nnull"
        );
        somebody.ok(&["system", "check"]);
    });
}

#[test]
fn both_drivers_and_other_options_work_for_a_user() {
    as_user(&all_ids(), |somebody| {
        somebody.pull(&image());
        for options in [
            &["--storage-driver", "vfs"][..],
            &["--network", "host"],
            &["--read-only", "--tmpfs", "/tmp"],
            &["-v", "/d"],
            &["-t"],
            &["--init"],
            &["--hostname", "other"],
            &["-v", "/etc/hostname:/host:ro"],
            &["-u", "app"],
            &["--uidmap", "0:1:2000"],
        ] {
            let mut words = vec!["run", "--rm"];
            words.extend(options);
            words.extend(["base", "stat", "-c", "%u", "/d/mine"]);
            assert_eq!(somebody.ok(&words).trim(), "1000", "{options:?}");
        }
    });
}

#[test]
fn containers_that_are_started_at_once_are_in_one_namespace() {
    as_user(&all_ids(), |somebody| {
        somebody.pull(&image());
        let names: Vec<String> = (0..4).map(|number| format!("c{number}")).collect();
        let children: Vec<Child> = names
            .iter()
            .map(|name| somebody.start(&["run", "-d", "--name", name, "base", "sleep", "1000"]))
            .collect();
        for child in children {
            let output: Output = child.wait_with_output().unwrap();
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
        for name in &names {
            assert_eq!(somebody.ok(&["exec", name, "id", "-u"]), "0");
        }
        // Who was first may go: the others keep the namespace.
        somebody.ok(&["rm", "-f", "c0"]);
        for name in &names[1..] {
            assert_eq!(somebody.ok(&["exec", name, "id", "-u"]), "0");
        }
    });
}

/// Its process is neither the user's nor root's of any namespace that is made anew.
#[test]
fn a_container_whose_shim_is_killed_is_removed() {
    as_user(&all_ids(), |somebody| {
        somebody.pull(&image());
        let id = somebody.ok(&["run", "-d", "-u", "app", "base", "sleep", "1000"]);
        let file = somebody.path("session/corten/shims").join(&id).join("shim.json");
        let shim: serde_json::Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        let shim = shim["pid"].to_string();
        let killed = Command::new("kill").args(["-KILL", &shim]).status().unwrap();
        assert!(killed.success());
        let status = || fs::read_to_string(format!("/proc/{shim}/status"));
        while status().is_ok_and(|status| !status.contains("State:\tZ")) {
            std::thread::yield_now();
        }
        assert!(somebody.ok(&["ps"]).contains("shim lost"));
        somebody.ok(&["rm", "-f", &id]);
        assert_eq!(somebody.ok(&["ps", "-aq"]), "");
    });
}

#[test]
fn with_one_id_all_files_are_roots() {
    as_user("root:1:1\n", |somebody| {
        let pulled = somebody.pull(&image());
        assert!(
            pulled
                .stderr
                .contains("users that you have no ids for (1000:1000, for one)"),
            "{pulled:?}"
        );
        assert_eq!(
            somebody.ok(&sh(
                &["run", "--rm", "base"],
                "id -u; stat -c %u /d/mine; cat /d/mine"
            )),
            "0\n0\nmine"
        );
    });
}

#[test]
fn a_state_directory_of_somebody_else_is_not_believed() {
    as_user(&all_ids(), |somebody| {
        let foreign = somebody.path("foreign");
        fs::create_dir_all(foreign.join("commands")).unwrap();
        for path in [foreign.clone(), foreign.join("commands")] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
        }
        let refused = somebody.corten(&["--state-dir", foreign.to_str().unwrap(), "ps"]);
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.stderr.contains("is not yours alone"), "{refused:?}");
        // Nor is anything made where somebody's link leads.
        let (link, mine) = (somebody.path("link"), somebody.path("home/mine"));
        fs::create_dir(&mine).unwrap();
        chown(&mine, Some(somebody.user), Some(somebody.user)).unwrap();
        std::os::unix::fs::symlink(&mine, &link).unwrap();
        let refused = somebody.corten(&["--state-dir", link.to_str().unwrap(), "ps"]);
        assert!(refused.stderr.contains("is not yours alone"), "{refused:?}");
        assert_eq!(fs::read_dir(&mine).unwrap().count(), 0);
    });
}

#[test]
fn who_has_no_home_needs_none_for_what_needs_no_store() {
    as_user(&all_ids(), |somebody| {
        let homeless = |words: &[&str]| -> Done {
            let mut command = somebody.command(words);
            command.env_remove("HOME").output().unwrap().into()
        };
        let version = homeless(&["version"]);
        assert_eq!(version.code, Some(0), "{version:?}");
        let refused = homeless(&["ps"]);
        assert!(refused.stderr.contains("HOME is not set"), "{refused:?}");
    });
}
