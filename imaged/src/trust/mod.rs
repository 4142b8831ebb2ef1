//! Whether an image may be trusted: signatures in sigstore's form (cosign's, by key), and the policy that asks for them.
//! Pure, but for finding the file: bytes and names in, a verdict out.

mod identity;
mod in_force;
mod policy;
mod signature;

pub use in_force::{allows_files, in_force};
pub use policy::{Policy, Requirement};
pub use signature::{PublicKey, Signature, Verified};
