//! Streams without their compression: docker's four, told by how they begin.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};
use std::rc::Rc;

use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::GzDecoder;
use lzma_rust2::XzReader;

use crate::assemble::is_out_of_proportion;
use crate::error::{Error, Kind, Result};

/// The size of the pieces that are read.
const PIECE: usize = 256 << 10;
/// So many bytes tell the compression.
const START: u64 = 10;
/// The most memory that a decoder of xz may want, in KiB: as much as zstd's. Its own strongest level wants half of it.
const MAX_MEMORY_KIB: u32 = 128 << 10;

/// A compression that has something to be told by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    Gzip,
    Zstd,
    Xz,
    Bzip2,
}

impl Known {
    fn of(start: &[u8]) -> Option<Self> {
        match start {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            // A frame, or one to be skipped.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Self::Zstd),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            [b'B', b'Z', b'h', b'1'..=b'9', rest @ ..] if rest == b"1AY&SY" => Some(Self::Bzip2),
            _ => None,
        }
    }
}

/// Whether what begins so is compressed.
pub(crate) fn is_compressed(start: &[u8]) -> bool {
    Known::of(start).is_some()
}

/// A stream without its compression: gzip, zstd, xz, bzip2, or none. A stream that grows out of all proportion ends in an
/// error of kind `Limit`, one that is damaged in `Integrity`; both come in the reader's own (see [`read_error`]).
///
/// # Errors
/// The failed call.
pub(crate) fn decompressed(input: &mut dyn Read) -> Result<Box<dyn Read + '_>> {
    let mut start = Vec::new();
    (&mut *input)
        .take(START)
        .read_to_end(&mut start)
        .map_err(read_error)?;
    let known = Known::of(&start);
    let input = Cursor::new(start).chain(input);
    let Some(known) = known else {
        return Ok(Box::new(input));
    };
    let received = Rc::new(Cell::new(0));
    let input = BufReader::with_capacity(
        PIECE,
        Counted {
            input,
            count: Rc::clone(&received),
        },
    );
    let plain: Box<dyn Read + '_> = match known {
        Known::Gzip => Box::new(Gzip(Some(GzDecoder::new(input)))),
        Known::Zstd => {
            let decoder = zstd::stream::read::Decoder::with_buffer(input);
            Box::new(decoder.map_err(read_error)?)
        }
        Known::Xz => Box::new(XzReader::new_mem_limit(input, true, MAX_MEMORY_KIB)),
        Known::Bzip2 => Box::new(MultiBzDecoder::new(input)),
    };
    Ok(Box::new(Guarded {
        plain,
        received,
        made: 0,
    }))
}

/// An error of a reader: ours that travelled through it, or its own.
pub(crate) fn read_error(error: io::Error) -> Error {
    error
        .downcast()
        .unwrap_or_else(|error| Error::io("read the archive", &error))
}

/// Counts what is read.
struct Counted<'a> {
    input: Chain<Cursor<Vec<u8>>, &'a mut dyn Read>,
    count: Rc<Cell<u64>>,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.count.set(self.count.get() + count as u64);
        Ok(count)
    }
}

/// Streams of gzip after each other. Zeros are no damage, as gzip(1) has it: tapes and dd(1) fill their last block.
struct Gzip<R>(Option<GzDecoder<R>>);

impl<R: BufRead> Read for Gzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(decoder) = &mut self.0 {
            let count = decoder.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            let is_more = skip_zeros(decoder.get_mut())?;
            let input = self.0.take().map(GzDecoder::into_inner);
            self.0 = input.filter(|_| is_more).map(GzDecoder::new);
        }
        Ok(0)
    }
}

/// False at the end.
fn skip_zeros(input: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let piece = input.fill_buf()?;
        let zeros = piece.iter().take_while(|byte| **byte == 0).count();
        match (zeros, piece.is_empty()) {
            (0, is_end) => return Ok(!is_end),
            _ => input.consume(zeros),
        }
    }
}

/// What a decoder makes, as long as it is in proportion to what it was made of.
struct Guarded<'a> {
    plain: Box<dyn Read + 'a>,
    received: Rc<Cell<u64>>,
    made: u64,
}

impl Read for Guarded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.plain.read(buffer).map_err(named)?;
        self.made += count as u64;
        match is_out_of_proportion(self.made, self.received.get()) {
            true => Err(io::Error::other(Error::new(
                Kind::Limit,
                "it decompresses to more than its size can explain",
            ))),
            false => Ok(count),
        }
    }
}

/// A decoder's error in our words; those of whom it reads pass.
fn named(error: io::Error) -> io::Error {
    let is_readers =
        error.raw_os_error().is_some() || error.get_ref().is_some_and(|inner| inner.is::<Error>());
    match error.kind() {
        _ if is_readers => error,
        io::ErrorKind::Interrupted => error,
        io::ErrorKind::OutOfMemory => io::Error::other(Error::new(
            Kind::Limit,
            format!(
                "it takes more than {} MiB of memory to decompress",
                MAX_MEMORY_KIB >> 10
            ),
        )),
        _ => io::Error::other(Error::new(
            Kind::Integrity,
            format!("the compressed data is damaged: {error}"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::process::{Command, Stdio};

    use super::*;

    /// What a program makes of its input.
    fn filtered(program: &[&str], input: &[u8]) -> Vec<u8> {
        let mut child = Command::new(program[0])
            .args(&program[1..])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let output = std::thread::scope(|scope| {
            scope.spawn(move || stdin.write_all(input).unwrap());
            child.wait_with_output().unwrap()
        });
        assert!(output.status.success(), "{program:?}");
        output.stdout
    }

    fn read(mut input: &[u8]) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        decompressed(&mut input)?
            .read_to_end(&mut bytes)
            .map_err(read_error)?;
        Ok(bytes)
    }

    fn content() -> Vec<u8> {
        (0..200_000_u32)
            .flat_map(|n| (n / 7).wrapping_mul(2_654_435_761).to_be_bytes())
            .collect()
    }

    #[test]
    fn every_compression_of_dockers_is_taken_off() {
        let plain = content();
        for program in [
            &["cat"][..],
            &["gzip", "-c"],
            &["zstd", "-qc"],
            &["bzip2", "-c"],
            &["xz", "-c"],
            &["xz", "-9", "-c"],
            &["xz", "--check=sha256", "--block-size=100000", "-c"],
            &["xz", "--x86", "--lzma2", "-c"],
            &[
                "xz",
                "--delta=dist=4",
                "--lzma2=dict=64KiB",
                "--check=crc32",
                "-c",
            ],
        ] {
            let packed = filtered(program, &plain);
            assert!(read(&packed).unwrap() == plain, "{program:?}");
            // Several after each other are one, as the programs themselves have it.
            if program[0] != "cat" {
                let twice = read(&[&packed[..], &packed].concat()).unwrap();
                assert_eq!(twice.len(), 2 * plain.len(), "{program:?}");
            }
        }
        let padded = [&filtered(&["gzip", "-c"], &plain), &[0; 300_000][..]].concat();
        assert!(read(&padded).unwrap() == plain);
        assert_eq!(
            read(&[&padded[..], b"x"].concat()).unwrap_err().kind(),
            Kind::Integrity
        );
        assert_eq!(read(b"").unwrap(), b"");
        assert_eq!(read(b"BZh9 is no bzip2").unwrap(), b"BZh9 is no bzip2");
    }

    #[test]
    fn what_is_cut_off_or_damaged_says_so() {
        let plain = content();
        for program in [
            &["gzip", "-c"][..],
            &["zstd", "-qc"],
            &["bzip2", "-c"],
            &["xz", "-c"],
        ] {
            let packed = filtered(program, &plain);
            let mut damaged = packed.clone();
            let middle = damaged.len() / 2;
            damaged[middle] ^= 0x55;
            for (what, bytes) in [
                ("cut", &packed[..packed.len() - 3]),
                ("cut in half", &packed[..middle]),
                ("damaged", &damaged),
            ] {
                let error = read(bytes).expect_err(what);
                assert_eq!(error.kind(), Kind::Integrity, "{program:?} {what}: {error}");
                assert!(
                    error.to_string().contains("is damaged"),
                    "{program:?} {what}: {error}"
                );
            }
        }
    }

    #[test]
    fn xz_gets_no_more_memory_than_any_level_of_it_needs() {
        let packed = filtered(&["xz", "--lzma2=dict=512MiB", "-c"], b"small");
        let error = read(&packed).unwrap_err();
        assert_eq!(error.kind(), Kind::Limit, "{error}");
        assert!(error.to_string().contains("128 MiB of memory"), "{error}");
    }

    /// bzip2 makes gigabytes of some kilobytes.
    #[test]
    fn a_stream_that_grows_out_of_proportion_ends() {
        let zeros = filtered(&["sh", "-c", "head -c 100000000 /dev/zero | bzip2"], b"");
        let bomb = zeros.repeat(50);
        assert!(bomb.len() < 10_000);
        let mut input = &bomb[..];
        let mut plain = decompressed(&mut input).unwrap();
        let error = io::copy(&mut plain, &mut io::sink())
            .map_err(read_error)
            .unwrap_err();
        assert_eq!(error.kind(), Kind::Limit, "{error}");
    }
}
