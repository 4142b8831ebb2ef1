//! System calls that the libraries do not offer safely, one family in each file. The only place with `unsafe`.

pub(crate) mod overlay;
pub(crate) mod pidfd;
pub(crate) mod terminal;
pub(crate) mod xattr;
