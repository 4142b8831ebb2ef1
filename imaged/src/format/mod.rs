//! How results are shown: Go-template subset, tables, filters, sizes and times as people read them.
//!
//! Everything here is pure: values and text in, text out.

pub(crate) mod filter;
mod harmless;
pub(crate) mod human;
mod indent;
pub(crate) mod pattern;
mod table;
mod template;
pub(crate) mod timestamp;

pub(crate) use harmless::{harmless, harmless_line};
pub(crate) use indent::indented;
pub(crate) use table::Listing;
pub(crate) use template::Template;
