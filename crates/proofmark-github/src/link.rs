//! For callers that are plain functions: a client together with the runtime that drives it.

use std::future::Future;

use proofmark_http::Runtime;

use crate::client::{Client, Connection};
use crate::contents::Known;
use crate::error::GitHubError;
use crate::names::RepoName;

/// A client and its runtime.
#[derive(Debug)]
pub struct Link {
    // Before the runtime: the client's tasks end while there is still one.
    client: Client,
    runtime: Runtime,
    known: Known,
}

impl Link {
    /// Gets ready; nothing is sent.
    ///
    /// # Errors
    /// An address, token or certificate that cannot be used, or no runtime.
    pub fn connect(connection: &Connection) -> Result<Self, GitHubError> {
        let runtime = start()?;
        let client = runtime.block_on(async { Client::connect(connection) })?;
        Ok(Self { client, runtime, known: Known::default() })
    }

    /// Sends nothing and keeps what it would send.
    ///
    /// # Errors
    /// When the operating system refuses a runtime.
    pub fn dry(repository: RepoName) -> Result<Self, GitHubError> {
        Ok(Self { client: Client::dry(repository), runtime: start()?, known: Known::default() })
    }

    /// The client, whose functions [`Link::block_on`] carries out.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Listings and files that were fetched: two revisions of a repository share most of them.
    pub(crate) fn known(&self) -> &Known {
        &self.known
    }

    /// Runs a future to its end. Not to be called from inside of another.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }
}

fn start() -> Result<Runtime, GitHubError> {
    Runtime::start().map_err(|error| GitHubError::Input(error.to_string()))
}
