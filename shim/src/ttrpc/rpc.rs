//! Requests and responses of ttrpc (containerd/ttrpc, request.proto).

use super::wire::{Malformed, Message, fields};

/// The status codes of gRPC that are used here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// It failed, and no other code fits: the runtime's errors.
    Unknown = 2,
    /// The request makes no sense.
    InvalidArgument = 3,
    /// It took too long.
    DeadlineExceeded = 4,
    /// There is no such container or process.
    NotFound = 5,
    /// There is one of this name already.
    AlreadyExists = 6,
    /// Not in this state.
    FailedPrecondition = 9,
    /// There is no such method or option.
    Unimplemented = 12,
    /// The shim itself failed.
    Internal = 13,
    /// Nobody is there.
    Unavailable = 14,
}

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The class of the failure.
    pub code: Code,
    /// In words.
    pub message: String,
}

impl Status {
    /// A failure.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

impl From<Malformed> for Status {
    fn from(malformed: Malformed) -> Self {
        Self::new(Code::InvalidArgument, malformed.to_string())
    }
}

/// A request.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The service's full name.
    pub service: String,
    /// The method's.
    pub method: String,
    /// The method's request.
    pub payload: Vec<u8>,
    /// How long the client will wait, in nanoseconds; 0: for ever.
    pub timeout: u64,
}

impl Request {
    /// Reads one.
    ///
    /// # Errors
    /// It is malformed.
    pub fn decode(message: &[u8]) -> Result<Self, Malformed> {
        let mut request = Self::default();
        for field in fields(message) {
            match field? {
                (1, value) => request.service = value.text()?,
                (2, value) => request.method = value.text()?,
                (3, value) => request.payload = value.bytes().to_vec(),
                (4, value) => request.timeout = value.number(),
                _ => {}
            }
        }
        Ok(request)
    }

    /// Writes it.
    pub fn encode(&self) -> Vec<u8> {
        Message::new()
            .text(1, &self.service)
            .text(2, &self.method)
            .bytes(3, &self.payload)
            .number(4, self.timeout)
            .into_bytes()
    }
}

/// What a request brought: the method's response, or the failure.
pub type Answer = Result<Vec<u8>, Status>;

/// Writes a response.
pub fn encode_answer(answer: &Answer) -> Vec<u8> {
    match answer {
        Ok(payload) => Message::new().bytes(2, payload),
        Err(status) => {
            let encoded = Message::new()
                .number(1, status.code as u32)
                .text(2, &status.message);
            Message::new().message(1, &encoded)
        }
    }
    .into_bytes()
}

/// Reads a response; of a failure only its words.
///
/// # Errors
/// It is malformed.
pub fn decode_answer(message: &[u8]) -> Result<Result<Vec<u8>, String>, Malformed> {
    let (mut failure, mut payload) = (None, Vec::new());
    for field in fields(message) {
        match field? {
            (1, value) => {
                let (mut code, mut text) = (0, String::new());
                for field in fields(value.bytes()) {
                    match field? {
                        (1, value) => code = value.number(),
                        (2, value) => text = value.text()?,
                        _ => {}
                    }
                }
                failure = (code != 0).then_some(text);
            }
            (2, value) => payload = value.bytes().to_vec(),
            _ => {}
        }
    }
    Ok(failure.map_or(Ok(payload), Err))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_as_they_were_written() {
        let request = Request {
            service: "containerd.task.v2.Task".to_owned(),
            method: "Wait".to_owned(),
            payload: vec![10, 1, b'x'],
            timeout: 5_000_000_000,
        };
        assert_eq!(Request::decode(&request.encode()), Ok(request));
        assert_eq!(Request::decode(&[0x0a, 9]), Err(Malformed::Truncated));
    }

    #[test]
    fn answers_say_what_went_wrong() {
        let good = encode_answer(&Ok(vec![8, 1]));
        assert_eq!(good, [0x12, 2, 8, 1]);
        assert_eq!(decode_answer(&good), Ok(Ok(vec![8, 1])));
        assert!(encode_answer(&Ok(Vec::new())).is_empty());
        let bad = encode_answer(&Err(Status::new(Code::NotFound, "no x")));
        assert_eq!(bad, b"\x0a\x08\x08\x05\x12\x04no x");
        assert_eq!(decode_answer(&bad), Ok(Err("no x".to_owned())));
    }
}
