//! Messages there and back, and hostile ones.

use super::*;
use proptest::prelude::*;

/// A message as the other side would send it.
fn message(kind: u8, fields: Vec<(u8, Value)>, arguments: &[Value]) -> Vec<u8> {
    encode(kind, 7, fields, arguments)
}

#[test]
fn a_call_is_as_the_specification_says() {
    let call = Call {
        destination: Some("a.b"),
        path: "/p",
        interface: "i.j",
        member: "M",
        arguments: &[Value::Uint32(5)],
    };
    let bytes = call.encode(1);
    let expected = b"l\x01\x00\x01\x04\x00\x00\x00\x01\x00\x00\x00\x47\x00\x00\x00\
        \x01\x01o\x00\x02\x00\x00\x00/p\x00\x00\x00\x00\x00\x00\
        \x02\x01s\x00\x03\x00\x00\x00i.j\x00\x00\x00\x00\x00\
        \x03\x01s\x00\x01\x00\x00\x00M\x00\x00\x00\x00\x00\x00\x00\
        \x06\x01s\x00\x03\x00\x00\x00a.b\x00\x00\x00\x00\x00\
        \x08\x01g\x00\x01u\x00\x00\
        \x05\x00\x00\x00";
    assert_eq!(bytes, expected);
    assert_eq!(frame_length(bytes.first_chunk().unwrap()).unwrap(), bytes.len());
}

#[test]
fn replies_failures_and_signals_are_told_apart() {
    let reply = message(
        2,
        vec![(field::REPLY_SERIAL, Value::Uint32(3))],
        &[Value::String("yes".into())],
    );
    let reply = Incoming::decode(&reply).unwrap();
    assert_eq!(reply.kind, Kind::Reply(3));
    assert_eq!(reply.arguments().unwrap(), [Value::String("yes".into())]);
    let name = Value::String("org.example.Bad".into());
    let failure = message(
        3,
        vec![(field::REPLY_SERIAL, Value::Uint32(4)), (field::ERROR_NAME, name)],
        &[],
    );
    assert_eq!(
        Incoming::decode(&failure).unwrap().kind,
        Kind::Failure(4, "org.example.Bad".into())
    );
    let text = |text: &str| Value::String(text.into());
    let fields = vec![(field::INTERFACE, text("a.b")), (field::MEMBER, text("News"))];
    let signal = message(4, fields, &[Value::Uint32(9), Value::ObjectPath("/job".into())]);
    let signal = Incoming::decode(&signal).unwrap();
    assert_eq!(signal.kind, Kind::Signal("a.b".into(), "News".into()));
    assert_eq!(signal.arguments().unwrap()[1].as_str(), Some("/job"));
}

#[test]
fn numbers_of_the_other_byte_order_are_understood() {
    let bytes = b"B\x02\x00\x01\x00\x00\x00\x08\x00\x00\x00\x01\x00\x00\x00\x0f\
        \x05\x01u\x00\x00\x00\x00\x02\x08\x01g\x00\x01t\x00\x00\
        \x00\x00\x00\x00\x00\x00\x01\x02";
    let incoming = Incoming::decode(bytes).unwrap();
    assert_eq!(incoming.kind, Kind::Reply(2));
    assert_eq!(incoming.arguments().unwrap(), [Value::Uint64(0x102)]);
}

#[test]
fn lengths_that_lie_are_refused() {
    let good = message(2, vec![], &[Value::strings(["a", "b"])]);
    for at in 0..good.len() {
        assert!(Incoming::decode(&good[..at]).is_err());
        for value in [0, 1, 0x7f, 0xff] {
            let mut bad = good.clone();
            bad[at] = value;
            // Whatever it means then: no panic, no endless work.
            drop(Incoming::decode(&bad).and_then(|message| message.arguments()));
        }
    }
    assert!(frame_length(b"l\x02\x00\x01\xff\xff\xff\xff\x01\x00\x00\x00\x00\x00\x00\x00").is_err());
    assert!(frame_length(b"x\x02\x00\x01\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00").is_err());
    for bad in ["a()", "a", "(", "(u", "z", "a{s}", "é", "u)"] {
        let mut bytes = vec![0; 80];
        bytes[0] = 8;
        assert!(Decoder::new(&bytes, false).values(bad).is_err(), "{bad}");
    }
    let deep = b"\x01v\0".repeat(100_000);
    assert!(Decoder::new(&deep, false).values("v").is_err());
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<u8>().prop_map(Value::Byte),
        any::<bool>().prop_map(Value::Boolean),
        any::<i16>().prop_map(Value::Int16),
        any::<u16>().prop_map(Value::Uint16),
        any::<i32>().prop_map(Value::Int32),
        any::<u32>().prop_map(Value::Uint32),
        any::<i64>().prop_map(Value::Int64),
        any::<u64>().prop_map(Value::Uint64),
        (-1e9..1e9).prop_map(Value::Double),
        "[a-zé]{0,9}".prop_map(Value::String),
        "/[a-z]{0,9}".prop_map(Value::ObjectPath),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            (inner.clone(), 0..4_usize).prop_map(|(item, n)| Value::Array(item.signature(), vec![item; n])),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Value::Struct),
            inner.clone().prop_map(|value| Value::Variant(Box::new(value))),
            inner.prop_map(|value| Value::Array(
                format!("{{s{}}}", value.signature()),
                vec![Value::DictEntry(
                    Box::new(Value::String("key".into())),
                    Box::new(value)
                )],
            )),
        ]
    })
}

proptest! {
    #[test]
    fn values_come_back_as_they_went(values in prop::collection::vec(values(), 0..4)) {
        let types: String = values.iter().map(Value::signature).collect();
        prop_assume!(types.len() < 250);
        let incoming = Incoming::decode(&message(2, vec![], &values)).unwrap();
        prop_assert_eq!(incoming.arguments().unwrap(), values);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        drop(Incoming::decode(&bytes).and_then(|message| message.arguments()));
    }
}
