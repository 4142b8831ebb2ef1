//! `cp`: files between a container and here, as tar streams from one tree to the other.
//!
//! No program of the container is run and none of the host is looked for in it (CVE-2026-41567): what is compressed is
//! decompressed in this process.

mod receive;
mod send;
mod tree;

use std::io::{self, BufRead, BufReader, BufWriter, PipeReader, PipeWriter, Read, Write};
use std::os::fd::AsFd;
use std::thread;

use nix::errno::Errno;
use nix::fcntl::ResolveFlag;

use self::receive::{Owner, Target, Trust};
use self::tree::{Found, Tree};
use super::container_root;
use super::layout::Containers;
use super::record::Record;
use crate::archive;
use crate::error::{Error, Kind, Result};
use crate::layer;
use crate::output::harmless_path;
use crate::plan::copy::{Arrival, Existing, Typed, arrival};
use crate::plan::id_map::IdMaps;

/// How much is read or written at once.
const PIECE: usize = 256 << 10;

/// How to copy.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Options {
    /// Owners come along; out of a container set-id bits, file capabilities and devices, too.
    pub(crate) archive: bool,
    /// A symbolic link at the end of the source's path is followed.
    pub(crate) follow: bool,
}

/// What was copied.
#[derive(Debug, Default)]
pub(crate) struct Copied {
    /// The length of the tar stream.
    pub(crate) bytes: u64,
    /// Devices that were left out, by their paths in the stream.
    pub(crate) left_out: Vec<Vec<u8>>,
}

/// Copies out of a container to a path here, relative to the directory `here`.
///
/// # Errors
/// `NotFound` when the source or the target's directory is not there, `Usage` and `Conflict` where one cannot become the
/// other; the failed call.
pub(crate) fn to_path(
    (containers, record): (&Containers, &Record),
    from: &[u8],
    (here, to): (&[u8], &[u8]),
    options: Options,
) -> Result<Copied> {
    let source = Typed::new(b"/", from);
    container_root::with(containers, record, |root| {
        let found = source_inside(&Tree::of_container(root), record, &source, options)?;
        let host = Tree::host()?;
        let typed = Typed::new(here, to);
        let (target, existing) = target_of(&host, &typed).map_err(|wrong| match wrong {
            Wrong::Kind => invalid_output(&typed),
            Wrong::Errno(errno) => {
                Error::syscall(format!("stat {}", harmless_path(&typed.path)), errno as i32)
            }
        })?;
        let Arrival { directory, name } = arrival(&source, is_directory(&found), &target, existing)?;
        let place = host.directory(&directory).map_err(|errno| match errno {
            Errno::ENOENT => Error::new(
                Kind::NotFound,
                format!(
                    "invalid output path: directory \"{}\" does not exist",
                    harmless_path(&directory)
                ),
            ),
            errno => Error::syscall(format!("open {}", harmless_path(&directory)), errno as i32),
        })?;
        let target = Target {
            root: place.as_fd(),
            directory: b"/",
            // Whatever the stream says: below the directory, and through no link.
            resolve: ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS,
            owner: owner(options),
            trust: if options.archive {
                Trust::Full
            } else {
                Trust::Files
            },
            ids: IdMaps::default(),
        };
        let source = (found, &record.options.userns.ids);
        transfer(source, &name, &shown(record, from), target)
    })
}

/// Copies out of a container as a tar stream.
///
/// # Errors
/// `NotFound` when the source is not there; the failed call.
pub(crate) fn to_stream(
    (containers, record): (&Containers, &Record),
    from: &[u8],
    out: &mut (dyn Write + Send),
    options: Options,
) -> Result<Copied> {
    let source = Typed::new(b"/", from);
    container_root::with(containers, record, |root| {
        let found = source_inside(&Tree::of_container(root), record, &source, options)?;
        let name: &[u8] = if source.is_contents { b"" } else { source.split().1 };
        let source = (found, &record.options.userns.ids);
        let bytes = send(source, name, &shown(record, from), out)?;
        Ok(Copied {
            bytes,
            ..Copied::default()
        })
    })
}

/// Copies a path here, relative to the directory `here`, into a container.
///
/// # Errors
/// As [`to_path`].
pub(crate) fn from_path(
    (containers, record): (&Containers, &Record),
    (here, from): (&[u8], &[u8]),
    to: &[u8],
    options: Options,
) -> Result<Copied> {
    let source = Typed::new(here, from);
    container_root::with(containers, record, |root| {
        let tree = Tree::of_container(root);
        let (target, existing) = target_inside(&tree, record, to)?;
        let found = Tree::host()?.find(&source, options.follow);
        let failed = |errno| Error::syscall(format!("lstat {}", harmless_path(&source.path)), errno as i32);
        let found = match found.map_err(failed)? {
            Found::Nothing => return Err(failed(Errno::ENOENT).with_kind(Kind::NotFound)),
            found => found,
        };
        let Arrival { directory, name } = arrival(&source, is_directory(&found), &target, existing)?;
        if tree
            .directory(&directory)
            .is_err_and(|errno| errno == Errno::ENOENT)
        {
            return Err(not_inside(record, &directory));
        }
        let target = Target {
            root: tree.root(),
            directory: &directory,
            resolve: tree.resolve(),
            owner: owner(options),
            trust: Trust::Full,
            ids: record.options.userns.ids.clone(),
        };
        transfer((found, &IdMaps::default()), &name, &harmless_path(from), target)
    })
}

/// Unpacks a tar stream, perhaps compressed, into a directory of a container. Owners are those that the stream says.
///
/// # Errors
/// `Usage` when the target is no directory, `Invalid` and `Limit` for streams that are refused; the failed call.
pub(crate) fn from_stream(
    (containers, record): (&Containers, &Record),
    input: &mut (dyn Read + Send),
    to: &[u8],
) -> Result<()> {
    container_root::with(containers, record, |root| {
        let tree = Tree::of_container(root);
        let (target, existing) = target_inside(&tree, record, to)?;
        if existing != Existing::Directory {
            return Err(Error::new(
                Kind::Usage,
                format!("destination \"{}\" must be a directory", shown(record, to)),
            ));
        }
        let target = Target {
            root: tree.root(),
            directory: &target.path,
            resolve: tree.resolve(),
            owner: Owner::Streams,
            trust: Trust::Full,
            ids: record.options.userns.ids.clone(),
        };
        thread::scope(|scope| {
            let receiver = scope.spawn(|| {
                let mut plain = BufReader::with_capacity(PIECE, archive::decompressed(input)?);
                receive(&mut plain, target)
            });
            join(receiver).map(drop)
        })
    })
}

fn owner(options: Options) -> Owner {
    match options.archive {
        true => Owner::Streams,
        false => Owner::Ours,
    }
}

fn is_directory(found: &Found) -> bool {
    found.existing() == Existing::Directory
}

fn shown(record: &Record, path: &[u8]) -> String {
    format!("{}:{}", record.name, harmless_path(path))
}

/// The source of a copy out of a container.
fn source_inside(tree: &Tree, record: &Record, source: &Typed, options: Options) -> Result<Found> {
    match tree.find(source, options.follow) {
        Ok(Found::Nothing) => Err(not_inside(record, &source.path)),
        Ok(found) => Ok(found),
        Err(errno) => Err(Error::syscall(
            format!("look up {}", shown(record, &source.path)),
            errno as i32,
        )),
    }
}

fn not_inside(record: &Record, path: &[u8]) -> Error {
    Error::new(
        Kind::NotFound,
        format!(
            "Could not find the file {} in container {}",
            harmless_path(path),
            record.name
        ),
    )
}

/// What keeps a path from being the target of a copy.
enum Wrong {
    /// It is neither a directory nor a regular file.
    Kind,
    Errno(Errno),
}

/// Where a path leads, and what is there.
fn target_of(tree: &Tree, typed: &Typed) -> Result<(Typed, Existing), Wrong> {
    let target = tree.follow(typed).map_err(Wrong::Errno)?;
    let existing = match tree.find(&target, false) {
        Ok(Found::Other { stat, .. }) if stat.st_mode & libc::S_IFMT != libc::S_IFREG => {
            return Err(Wrong::Kind);
        }
        Ok(found) => found.existing(),
        // A file, where its path says that it must be a directory.
        Err(Errno::ENOTDIR) if typed.is_directory => Existing::Other,
        Err(errno) => return Err(Wrong::Errno(errno)),
    };
    Ok((target, existing))
}

fn target_inside(tree: &Tree, record: &Record, to: &[u8]) -> Result<(Typed, Existing)> {
    target_of(tree, &Typed::new(b"/", to)).map_err(|wrong| match wrong {
        Wrong::Kind => Error::new(
            Kind::Usage,
            format!(
                "destination \"{}\" must be a directory or a regular file",
                shown(record, to)
            ),
        ),
        Wrong::Errno(errno) => Error::syscall(format!("look up {}", shown(record, to)), errno as i32),
    })
}

fn invalid_output(typed: &Typed) -> Error {
    Error::new(
        Kind::Usage,
        format!(
            "invalid output path: \"{}\" must be a directory or a regular file",
            harmless_path(&typed.path)
        ),
    )
}

/// What is packed, and the ids of the container that it is in.
type Source<'a> = (Found, &'a IdMaps);

/// Packs at one end of a pipe and unpacks at the other.
fn transfer(source: Source<'_>, name: &[u8], shown: &str, target: Target<'_>) -> Result<Copied> {
    let (bytes, left_out) = through_pipe(
        |writer| send(source, name, shown, writer),
        |reader| receive_all(reader, target),
    )?;
    Ok(Copied { bytes, left_out })
}

/// Runs both ends of a pipe at once.
///
/// # Errors
/// What one of them reports; that the other end went is only said if that does not say why.
fn through_pipe<A: Send, B: Send>(
    send: impl FnOnce(PipeWriter) -> Result<A> + Send,
    receive: impl FnOnce(PipeReader) -> Result<B> + Send,
) -> Result<(A, B)> {
    let (reader, writer) = io::pipe().map_err(|error| Error::io("pipe", &error))?;
    let (sent, received) = thread::scope(|scope| {
        let sender = scope.spawn(move || send(writer));
        let receiver = scope.spawn(move || receive(reader));
        (join(sender), join(receiver))
    });
    match (sent, received) {
        (Err(error), Err(why)) if error.kind() == Kind::Closed => Err(why),
        (Err(error), _) | (_, Err(error)) => Err(error),
        (Ok(sent), Ok(received)) => Ok((sent, received)),
    }
}

fn join<T>(thread: thread::ScopedJoinHandle<'_, Result<T>>) -> Result<T> {
    thread
        .join()
        .map_err(|_| Error::new(Kind::System, "a thread of the copy died"))?
}

fn send((found, ids): Source<'_>, name: &[u8], shown: &str, out: impl Write) -> Result<u64> {
    let counted = Counted { out, bytes: 0 };
    let out = BufWriter::with_capacity(PIECE, counted);
    let packed = send::pack(found, name, shown, ids, out)?;
    let counted = packed.into_inner().map_err(|error| unwritable(error.error()))?;
    Ok(counted.bytes)
}

/// The error of a stream that cannot be written; `Closed` when nobody reads it.
fn unwritable(error: &io::Error) -> Error {
    let failed = Error::io("write the archive", error);
    match error.kind() {
        io::ErrorKind::BrokenPipe => failed.with_kind(Kind::Closed),
        _ => failed,
    }
}

/// Unpacks a stream and reads to its end.
///
/// # Errors
/// As [`receive::unpack`].
fn receive_all(reader: PipeReader, target: Target<'_>) -> Result<Vec<Vec<u8>>> {
    let mut reader = BufReader::with_capacity(PIECE, reader);
    let left_out = receive(&mut reader, target)?;
    // What follows the archive's end, so that its writer does not find the pipe closed.
    io::copy(&mut reader, &mut io::sink()).map_err(|error| Error::io("read the archive", &error))?;
    Ok(left_out)
}

fn receive(input: &mut impl BufRead, target: Target<'_>) -> Result<Vec<Vec<u8>>> {
    layer::own_umask()?;
    receive::unpack(input, target)
}

/// A writer that counts.
struct Counted<W> {
    out: W,
    bytes: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
