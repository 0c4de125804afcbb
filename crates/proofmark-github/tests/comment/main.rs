//! The comment on a pull request, against a GitHub that keeps state, fails and has other users.

mod faults;
mod modes;
mod race;
mod scenarios;
mod setup;
