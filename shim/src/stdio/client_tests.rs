//! A client that reads, one that does not, and one that goes.

use std::io::Read;

use super::*;

fn client(overflow: Overflow) -> (UnixStream, Client) {
    let (peer, socket) = UnixStream::pair().expect("a pair");
    socket.set_nonblocking(true).expect("set");
    let mut client = Client::new(socket, Wire::Frames);
    client.hello = Some(Hello {
        stdin: false,
        stdout: true,
        stderr: false,
        overflow,
        replay: false,
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

#[test]
fn packets_keep_their_bounds_however_slow_the_client_is() {
    use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
    let (peer, socket) = socketpair(
        AddressFamily::Unix,
        SockType::SeqPacket,
        None,
        SockFlag::SOCK_CLOEXEC,
    )
    .expect("a pair");
    let (mut peer, socket) = (UnixStream::from(peer), UnixStream::from(socket));
    socket.set_nonblocking(true).expect("set");
    let mut client = Client::new(socket, Wire::Packets);
    assert!(client.wants(Stream::Stderr) && client.sends_stdin());
    client
        .send(frame::WELCOME, b"{}")
        .expect("nothing of the kind is said");
    let bytes: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
    while !client.holds_output() {
        client.send_output(Stream::Stdout, &bytes).expect("there");
    }
    client.send_output(Stream::Stderr, b"last").expect("there");
    assert_eq!(
        client.finish(frame::EXITED, b"{}"),
        Ok(true),
        "the kernel keeps the rest"
    );
    drop(client);
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let mut packet = [0; MAX_PACKET + 1];
    loop {
        match peer.read(&mut packet).expect("read") {
            0 => break,
            length if packet[0] == PACKET_STDOUT => stdout.extend_from_slice(&packet[1..length]),
            length => {
                assert_eq!(packet[0], PACKET_STDERR);
                stderr.extend_from_slice(&packet[1..length]);
            }
        }
    }
    assert!(
        stdout.len().is_multiple_of(bytes.len()) && stdout.chunks(bytes.len()).all(|chunk| chunk == bytes)
    );
    assert_eq!(stderr, b"last");
}
