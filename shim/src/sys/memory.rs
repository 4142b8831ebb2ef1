//! The shim's own memory.
#![allow(
    unsafe_code,
    reason = "madvise(2), and the linker's names of the program's text"
)]

unsafe extern "C" {
    /// The first byte of the program in memory; the linker's name (ld(1), "PROVIDE").
    static __executable_start: u8;
    /// The byte after the program's text; the linker's name (end(3)).
    static etext: u8;
}

/// Gives the pages of the program's text back: a shim starts once and then waits for hours. What it still needs comes
/// back from the page cache as it is needed, a few pages instead of a megabyte.
pub fn give_text_back() {
    const PAGE: usize = 4096;
    let (start, end) = (&raw const __executable_start, &raw const etext);
    let length = (end.addr().saturating_sub(start.addr())) / PAGE * PAGE;
    // SAFETY: the range is this program's own read-only text, mapped privately from its file and never written, so that
    // every page of it can be read again from there (madvise(2), MADV_DONTNEED). A refusal changes nothing.
    unsafe { libc::madvise(start.cast_mut().cast(), length, libc::MADV_DONTNEED) };
}
