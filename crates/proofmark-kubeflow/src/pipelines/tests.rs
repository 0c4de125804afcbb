//! Reading from servers: the fake Kubeflow, and answers that were recorded or are written down here.

mod canned;
mod metrics;
mod reading;
mod recorded;
mod search;
