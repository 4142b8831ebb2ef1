//! The fifos in the bundle that callers write to: `ctl` and `winsz`.

use std::fs::File;
use std::io::Read;

use crate::cli::Size;
use crate::error::Result;
use crate::sys::epoll::Watch;
use crate::sys::files::make_fifo;

/// Lines longer than this are nobody's.
const MAX_LINE: usize = 128;

/// Which of the two: their lines differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `ctl`: a command and two numbers.
    Control,
    /// `winsz`: two numbers.
    Size,
}

impl Kind {
    /// The fifo's name in the bundle.
    pub fn name(self) -> &'static str {
        match self {
            Self::Control => "ctl",
            Self::Size => "winsz",
        }
    }
}

/// What a line says.
#[derive(Debug, PartialEq, Eq)]
pub enum Order {
    /// The terminal has another size.
    Resize(Size),
    /// The log's file was moved away: open it anew.
    ReopenLog,
}

/// One of them.
pub struct Fifo {
    kind: Kind,
    file: File,
    /// What it waits for in the epoll set.
    watch: Watch,
    line: Vec<u8>,
}

impl Fifo {
    /// Makes it in `bundle`; one that is there already is replaced.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn make(bundle: &File, kind: Kind) -> Result<Self> {
        Ok(Self {
            kind,
            file: make_fifo(bundle, kind.name())?,
            watch: Watch::default(),
            line: Vec::new(),
        })
    }

    /// The open end and its place in the epoll set.
    pub fn watched(&mut self) -> (&File, &mut Watch) {
        (&self.file, &mut self.watch)
    }

    /// What was written, once a line is whole.
    pub fn read(&mut self) -> Vec<Order> {
        let mut orders = Vec::new();
        let mut buffer = [0; 512];
        while let Ok(length) = self.file.read(&mut buffer)
            && length > 0
        {
            for byte in &buffer[..length] {
                match byte {
                    b'\n' => orders.extend(parse(self.kind, &std::mem::take(&mut self.line))),
                    _ if self.line.len() < MAX_LINE => self.line.push(*byte),
                    _ => {}
                }
            }
        }
        orders
    }
}

fn parse(kind: Kind, line: &[u8]) -> Option<Order> {
    let text = std::str::from_utf8(line).ok()?;
    let mut numbers = text.split_ascii_whitespace().map(str::parse::<u16>);
    let mut next = || numbers.next()?.ok();
    let command = match kind {
        Kind::Control => next()?,
        Kind::Size => 1,
    };
    match command {
        1 => Some(Order::Resize(Size {
            rows: next()?,
            cols: next()?,
        })),
        2 => Some(Order::ReopenLog),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn lines_are_orders_and_anything_else_is_passed_over() {
        let size = |rows, cols| Some(Order::Resize(Size { rows, cols }));
        assert_eq!(parse(Kind::Control, b"1 24 80"), size(24, 80));
        assert_eq!(parse(Kind::Control, b"2 0 0"), Some(Order::ReopenLog));
        assert_eq!(parse(Kind::Size, b"24 80"), size(24, 80));
        for wrong in [&b"1 24"[..], b"", b"9 1 1", b"1 -1 2", b"1 70000 2", b"\xff"] {
            assert_eq!(parse(Kind::Control, wrong), None);
        }
    }

    #[test]
    fn a_line_may_come_in_pieces_and_never_grows_without_bound() {
        let dir = tempfile::tempdir().expect("a directory");
        let bundle = crate::sys::files::open_dir(dir.path()).expect("open");
        let mut fifo = Fifo::make(&bundle, Kind::Control).expect("made");
        let mut writer = File::options()
            .write(true)
            .open(dir.path().join("ctl"))
            .expect("open");
        writer.write_all(b"1 2").expect("written");
        assert_eq!(fifo.read(), []);
        writer.write_all(b"4 80\n2 0 0\n").expect("written");
        assert_eq!(
            fifo.read(),
            [Order::Resize(Size { rows: 24, cols: 80 }), Order::ReopenLog]
        );
        writer.write_all(&[b'1'; 4000]).expect("written");
        assert_eq!(fifo.read(), []);
        assert!(fifo.line.len() <= MAX_LINE);
        writer.write_all(b"\n2 0 0\n").expect("written");
        assert_eq!(fifo.read(), [Order::ReopenLog]);
    }
}
