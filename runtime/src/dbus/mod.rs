//! The D-Bus wire format as far as talking to systemd needs it: values and messages to bytes and back, and values
//! from GVariant's text. Pure: connections are in [`crate::apply::systemd`].
//!
//! Source: the D-Bus specification 0.43, "Type System" and "Message Protocol"; GLib's "GVariant Text Format".

mod decode;
mod encode;
mod message;
mod signature;
mod text;
mod value;

pub use message::{Call, HEADER, Incoming, Kind, encode, field, frame_length};
pub use text::parse;
pub use value::Value;
