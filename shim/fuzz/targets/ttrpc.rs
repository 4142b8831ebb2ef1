//! Any bytes from who connects to containerd's socket: frames, requests, the methods' messages. Nothing panics, and what
//! was read as a request is read the same when it is written again.
#![no_main]

use corten_shim::task::api;
use corten_shim::ttrpc::frame::{self, Inbox};
use corten_shim::ttrpc::rpc::Request;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut inbox = Inbox::default();
    // As a socket gives them: in pieces.
    for piece in bytes.chunks(17) {
        inbox.push(piece);
        while let Ok(Some(frame)) = inbox.next_frame() {
            assert!(frame.payload.len() <= frame::MAX_PAYLOAD);
            let Ok(request) = Request::decode(&frame.payload) else {
                continue;
            };
            let again = Request::decode(&request.encode()).expect("our own");
            assert_eq!(
                (&again.service, &again.method),
                (&request.service, &request.method)
            );
            assert_eq!(
                (again.payload, again.timeout),
                (request.payload.clone(), request.timeout)
            );
            let _ = api::decode(&request.method, &request.payload);
        }
    }
});
