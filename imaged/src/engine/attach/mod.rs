//! The client's side of the shim's attach socket.

mod connection;
mod detach;
mod frame;
mod relay;

pub(crate) use connection::{Connection, Event, Failure, Opened, Streams};
pub(crate) use detach::Keys;
pub(crate) use relay::{Outcome, Relay};
