//! Integration tests of corten, one binary. They need root.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod layers;
