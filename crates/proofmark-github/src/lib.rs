//! GitHub: what a run in Actions is about, and the report where people and branch rules look: comment, check, commit
//! status, labels, job summary, outputs; files at a revision, artifacts of other runs; workflows, events and deployments that are
//! asked for, and what people may do.
//!
//! It must never know how metrics are stored, compared or judged: it gets texts and an effect, and brings them there.
//! `routes.rs` alone has GitHub's addresses.

pub mod actions;
mod artifact;
mod check;
mod client;
mod comment;
mod commits;
mod contents;
mod deployments;
mod diagnosis;
mod dispatches;
mod error;
pub mod event;
mod fit;
mod join;
mod labels;
mod limits;
mod link;
mod live;
mod names;
mod people;
mod permissions;
mod post;
mod pulls;
mod recorder;
mod request;
mod routes;
mod status;
mod wire;
mod workflows;

pub use artifact::{ArtifactError, ZipRefusal};
pub use check::{CheckKey, CheckOrder, CheckOutcome, CheckRun, Origin};
pub use client::{Client, Connection};
pub use comment::{CommentNow, CommentOrder, CommentOutcome, Patience, RenderSection};
pub use commits::CommitInfo;
pub use contents::RemoteTree;
pub use deployments::{Deployment, DeploymentOrder, DeploymentState, DeploymentStatusOrder, StartedDeployment};
pub use diagnosis::{Finding, Health, Questions, TokenKind};
pub use error::{GitHubError, Permission};
pub use labels::{LabelChange, LabelOrder, ReviewOrder, ReviewOutcome};
pub use link::Link;
pub use names::RepoName;
pub use people::{Access, Role, is_same_login};
pub use permissions::{advice, needs_app};
pub use post::{Post, Posted};
pub use pulls::{Found, Pull};
pub use request::{Accept, Method, Request};
pub use status::{StatusOrder, StatusState};
pub use workflows::{Begun, RunJob, StartPatience, StartedWorkflow, WorkflowRun, WorkflowStart};
