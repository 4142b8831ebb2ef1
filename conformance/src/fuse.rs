//! The kernel's side of a FUSE file system (fuse(4)): requests read, answers written.

use std::fs::File;
use std::io::{Read, Write};

/// The largest write that we take.
const MAX_WRITE: u32 = 128 << 10;

/// Requests of fuse(4), as far as they are understood here.
pub(crate) mod opcode {
    pub(crate) const LOOKUP: u32 = 1;
    pub(crate) const FORGET: u32 = 2;
    pub(crate) const GETATTR: u32 = 3;
    pub(crate) const SETATTR: u32 = 4;
    pub(crate) const OPEN: u32 = 14;
    pub(crate) const READ: u32 = 15;
    pub(crate) const WRITE: u32 = 16;
    pub(crate) const RELEASE: u32 = 18;
    pub(crate) const FSYNC: u32 = 20;
    pub(crate) const FLUSH: u32 = 25;
    pub(crate) const INIT: u32 = 26;
    pub(crate) const INTERRUPT: u32 = 36;
    pub(crate) const DESTROY: u32 = 38;
    pub(crate) const BATCH_FORGET: u32 = 42;
}

/// The length of a request's header.
pub(crate) const HEADER: usize = 40;

/// Answers requests until the file system is unmounted: with a body or an errno, or not at all.
pub(crate) fn serve(mut fuse: File, mut answer: impl FnMut(&Request<'_>) -> Option<Result<Vec<u8>, i32>>) {
    let mut buffer = vec![0; MAX_WRITE as usize + (64 << 10)];
    loop {
        let length = match fuse.read(&mut buffer) {
            Ok(length) => length,
            Err(error)
                if matches!(
                    error.raw_os_error(),
                    Some(libc::EINTR | libc::ENOENT | libc::EAGAIN)
                ) =>
            {
                continue;
            }
            Err(_) => return, // ENODEV: unmounted
        };
        let request = Request(&buffer[..length]);
        if let Some(reply) = answer(&request) {
            let (errno, body) = reply.map_or_else(|errno| (-errno, Vec::new()), |body| (0, body));
            let mut answer = Answer::default();
            answer.u32(u32::try_from(16 + body.len()).unwrap_or(u32::MAX));
            answer.0.extend(errno.to_ne_bytes());
            answer.u64(request.u64(8));
            answer.0.extend(body);
            // Who asked may be gone.
            _ = fuse.write(&answer.0);
        }
    }
}

/// What we are to the kernel.
pub(crate) fn init() -> Vec<u8> {
    const BIG_WRITES: u32 = 1 << 5;
    let mut answer = Answer::default();
    answer.u32s(&[7, 31, 128 << 10, BIG_WRITES, 0, MAX_WRITE, 1]);
    answer.0.resize(64, 0);
    answer.0
}

/// A request as the kernel wrote it.
pub(crate) struct Request<'a>(pub(crate) &'a [u8]);

impl Request<'_> {
    pub(crate) fn u32(&self, at: usize) -> u32 {
        let bytes = self.0.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
        u32::from_ne_bytes(bytes.unwrap_or_default())
    }

    pub(crate) fn u64(&self, at: usize) -> u64 {
        let bytes = self.0.get(at..at + 8).and_then(|bytes| bytes.try_into().ok());
        u64::from_ne_bytes(bytes.unwrap_or_default())
    }

    pub(crate) fn usize(&self, at: usize) -> usize {
        usize::try_from(self.u64(at)).unwrap_or(usize::MAX)
    }
}

/// An answer as the kernel reads it.
#[derive(Default)]
pub(crate) struct Answer(pub(crate) Vec<u8>);

impl Answer {
    pub(crate) fn u32(&mut self, number: u32) {
        self.0.extend(number.to_ne_bytes());
    }

    pub(crate) fn u32s(&mut self, numbers: &[u32]) {
        numbers.iter().for_each(|number| self.u32(*number));
    }

    pub(crate) fn u64s(&mut self, numbers: &[u64]) {
        numbers.iter().for_each(|number| self.u64(*number));
    }

    pub(crate) fn u64(&mut self, number: u64) {
        self.0.extend(number.to_ne_bytes());
    }
}
