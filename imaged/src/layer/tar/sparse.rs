//! Files with holes: where their data belongs.

use std::io::BufRead;

use super::header::{BLOCK, number};
use super::malformed;
use super::reader::read_block;
use crate::error::Result;

/// The most pieces that a sparse file may have.
const MAX_SEGMENTS: usize = 1 << 20;

/// A piece of a sparse file that has data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// Where it starts in the file.
    pub offset: u64,
    /// How long it is.
    pub length: u64,
}

/// The map of an old GNU sparse entry: four pieces in the header, then 21 in each block that follows.
pub(super) fn old_gnu(input: &mut impl BufRead, first: &[u8], mut more: bool) -> Result<Vec<Segment>> {
    let mut map = Vec::new();
    push_pieces(&mut map, first)?;
    let mut block = [0; BLOCK];
    while more {
        read_block(input, &mut block)?;
        push_pieces(&mut map, &block[..504])?;
        more = block[504] != 0;
    }
    Ok(map)
}

fn push_pieces(map: &mut Vec<Segment>, bytes: &[u8]) -> Result<()> {
    for piece in bytes.chunks_exact(24).take_while(|piece| piece[0] != 0) {
        let part = |field: &[u8]| number(field).and_then(|number| u64::try_from(number).ok());
        match (part(&piece[..12]), part(&piece[12..])) {
            (Some(offset), Some(length)) if map.len() < MAX_SEGMENTS => map.push(Segment { offset, length }),
            _ => return Err(malformed("a sparse file's map is wrong")),
        }
    }
    Ok(())
}

/// The map of PAX sparse 0.0 and 0.1: numbers by turns.
pub(super) fn from_numbers(numbers: &[u64]) -> Result<Vec<Segment>> {
    match numbers.len() % 2 {
        0 => Ok(numbers
            .chunks_exact(2)
            .map(|pair| Segment {
                offset: pair[0],
                length: pair[1],
            })
            .collect()),
        _ => Err(malformed("a sparse file's map has an odd number of numbers")),
    }
}

/// The map of PAX sparse 1.0, which stands as lines of digits before the data; returns also its length in bytes.
pub(super) fn from_data(input: &mut impl BufRead, size: u64) -> Result<(Vec<Segment>, u64)> {
    let mut lines = Lines {
        input,
        block: [0; BLOCK],
        at: BLOCK,
        taken: 0,
        size,
    };
    let count = usize::try_from(lines.number()?)
        .ok()
        .filter(|count| *count <= MAX_SEGMENTS);
    let count = count.ok_or_else(|| malformed("a sparse file has too many pieces"))?;
    let mut map = Vec::new();
    for _ in 0..count {
        map.push(Segment {
            offset: lines.number()?,
            length: lines.number()?,
        });
    }
    Ok((map, lines.taken))
}

struct Lines<'a, R> {
    input: &'a mut R,
    block: [u8; BLOCK],
    at: usize,
    taken: u64,
    size: u64,
}

impl<R: BufRead> Lines<'_, R> {
    fn number(&mut self) -> Result<u64> {
        let bad = || malformed("a sparse file's map is wrong");
        let (mut value, mut digits) = (0_u64, 0);
        loop {
            match self.byte()? {
                b'\n' if digits > 0 => return Ok(value),
                digit @ b'0'..=b'9' => {
                    let next = value
                        .checked_mul(10)
                        .and_then(|value| value.checked_add(u64::from(digit - b'0')));
                    value = next.ok_or_else(bad)?;
                    digits += 1;
                }
                _ => return Err(bad()),
            }
        }
    }

    fn byte(&mut self) -> Result<u8> {
        if self.at == BLOCK {
            if self.taken + BLOCK as u64 > self.size.next_multiple_of(BLOCK as u64) {
                return Err(malformed("a sparse file's map is longer than the entry"));
            }
            read_block(self.input, &mut self.block)?;
            self.taken += BLOCK as u64;
            self.at = 0;
        }
        self.at += 1;
        Ok(self.block[self.at - 1])
    }
}

/// Checks that the pieces are in order, inside the file, and add up to the data that the entry has.
pub(super) fn check(map: &[Segment], real_size: u64, data: u64) -> Result<()> {
    let bad = || malformed("a sparse file's map does not fit the file");
    let (mut end, mut sum) = (0_u64, 0_u64);
    for segment in map {
        if segment.offset < end {
            return Err(bad());
        }
        end = segment.offset.checked_add(segment.length).ok_or_else(bad)?;
        sum = sum.checked_add(segment.length).ok_or_else(bad)?;
    }
    match end <= real_size && sum == data {
        true => Ok(()),
        false => Err(bad()),
    }
}
