//! Finds the runs of a commit or a branch.
