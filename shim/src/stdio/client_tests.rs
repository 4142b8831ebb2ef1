//! A client that reads, one that does not, and one that goes.

use std::io::Read;

use super::*;

fn client(overflow: Overflow) -> (UnixStream, Client) {
    let (peer, socket) = UnixStream::pair().expect("a pair");
    socket.set_nonblocking(true).expect("set");
    let mut client = Client::new(socket);
    client.hello = Some(Hello {
        stdin: false,
        stdout: true,
        stderr: false,
        overflow,
    });
    (peer, client)
}

/// Every frame that the peer gets until the client's end closes.
fn frames(mut peer: UnixStream) -> Vec<(u8, Vec<u8>)> {
    let mut bytes = Vec::new();
    peer.read_to_end(&mut bytes).expect("read");
    let mut rest = &bytes[..];
    let mut frames = Vec::new();
    while !rest.is_empty() {
        let length = u32::from_be_bytes([rest[4], rest[5], rest[6], rest[7]]) as usize;
        frames.push((rest[0], rest[8..8 + length].to_vec()));
        rest = &rest[8 + length..];
    }
    frames
}

#[test]
fn a_blocked_client_gets_everything_in_order() {
    let (peer, mut client) = client(Overflow::Block);
    let mut sent = 0;
    while !client.holds_output() {
        client
            .send_output(Stream::Stdout, &[b'x'; 40_000])
            .expect("there");
        sent += 1;
    }
    assert_eq!(
        client.finish(frame::EXITED, b"{}"),
        Ok(true),
        "the kernel keeps the rest"
    );
    drop(client);
    let frames = frames(peer);
    assert_eq!(frames.len(), sent + 1);
    assert!(
        frames[..sent]
            .iter()
            .all(|(kind, bytes)| *kind == frame::STDOUT && bytes.len() == 40_000)
    );
    assert_eq!(frames[sent], (frame::EXITED, b"{}".to_vec()));
}

#[test]
fn a_dropping_client_learns_what_it_lost() {
    let (peer, mut client) = client(Overflow::Drop);
    for _ in 0..100 {
        client
            .send_output(Stream::Stdout, &[b'x'; 10_000])
            .expect("there");
        assert!(!client.holds_output());
    }
    assert!(client.pending.len() <= 10_000 + frame::HEADER);
    assert_eq!(client.finish(frame::EXITED, b"{}"), Ok(true));
    drop(client);
    let frames = frames(peer);
    let received: usize = frames
        .iter()
        .filter(|(kind, _)| *kind == frame::STDOUT)
        .map(|(_, bytes)| bytes.len())
        .sum();
    let [.., (frame::DROPPED, lost), (frame::EXITED, _)] = &frames[..] else {
        panic!("{}", frames.len())
    };
    assert_eq!(
        String::from_utf8_lossy(lost),
        format!(r#"{{"bytes":{}}}"#, 1_000_000 - received)
    );
}

#[test]
fn a_client_that_went_is_noticed() {
    let (peer, mut client) = client(Overflow::Block);
    drop(peer);
    assert_eq!(client.send_output(Stream::Stdout, b"x"), Err(Gone));
}
