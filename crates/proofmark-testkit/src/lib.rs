//! What the tests of proofmark share: repository builder, runner of the binary, output scrubber, a fake GitHub.

pub mod github;
pub mod repo;
pub mod run;
