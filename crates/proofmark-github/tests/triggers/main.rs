//! What starts work elsewhere, against a GitHub that loses answers and whose lists lag behind.

mod deployments;
mod events;
mod faults;
mod people;
mod setup;
mod starts;
