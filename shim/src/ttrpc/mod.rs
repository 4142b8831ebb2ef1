//! ttrpc, containerd's small gRPC: frames, requests and responses, and the protobuf that they are made of. Pure: bytes
//! in, values out; nothing here reads or writes a descriptor.
//!
//! Own code, a few hundred lines of it, in place of a generator and an async runtime
//! (docs/decisions/0190-own-ttrpc-and-protobuf.md).

pub mod frame;
pub mod rpc;
pub mod wire;
