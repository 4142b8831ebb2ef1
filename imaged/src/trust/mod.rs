//! Whether an image may be trusted: signatures in sigstore's form (cosign's, by key), and the policy that asks for them.
//! Pure: bytes and names in, a verdict out.

mod identity;
mod policy;
mod signature;

pub use policy::{Policy, Requirement};
pub use signature::{PublicKey, Signature, Verified};
