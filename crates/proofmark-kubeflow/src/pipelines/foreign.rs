//! What reads foreign bytes, for whoever wants to throw bytes at it: answers of gRPC, messages of the metadata store, packed files.
//! None of it fails in another way than by an error, and none takes more memory than a multiple of what it is given.

pub use super::grpc_web::{BadFrames, message};
pub use super::mlmd::{Artifact, Event, Execution, Page, artifacts, context, events, executions, types};
pub use super::protobuf::{Allowance, Broken, Field, Reader, entry, property};
pub use super::v1::unpacked;
