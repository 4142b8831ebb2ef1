//! Integration tests of corten, one binary. They need root.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod crashes;
mod fake_registry;
mod layers;
mod lies;
mod pulls;
mod removal;
mod test_image;
