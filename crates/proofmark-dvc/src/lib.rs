//! Reads DVC projects at any revision for proofmark, without DVC and without Python.
