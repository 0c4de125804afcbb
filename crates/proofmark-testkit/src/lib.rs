//! What the tests of proofmark share: repository builder, runner of the binary, output scrubber.

pub mod repo;
pub mod run;
