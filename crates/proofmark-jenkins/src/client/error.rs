//! What goes wrong with Jenkins. `Display` says what, [`Error::hint`] what to do.

use proofmark_http::HttpError;

/// Why a job was not started, or is not known to have ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting that cannot be used.
    #[error("{what}: {why}")]
    Setting {
        /// Which one.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// A parameter that the job would ignore or refuse.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// Jenkins knows no such job, or will not say so to this user.
    #[error("there is no job `{job}`, or this user may not see it")]
    NoJob {
        /// The job.
        job: String,
        /// Names beside it.
        others: Vec<String>,
    },
    /// A folder or a multibranch project.
    #[error("`{job}` holds jobs and is none itself")]
    Folder {
        /// The job.
        job: String,
        /// What is inside of it.
        jobs: Vec<String>,
    },
    /// The job is disabled.
    #[error("the job `{job}` cannot be built: it is disabled, or being moved")]
    NotBuildable {
        /// The job.
        job: String,
    },
    /// The user or the token is wrong.
    #[error("{what}: Jenkins does not know this user or token (401)")]
    Unauthorized {
        /// The request.
        what: String,
        /// Whether credentials were sent.
        sent: bool,
    },
    /// The user lacks a permission.
    #[error("{what}: {} {} (403){}",
        user.as_deref().map_or_else(|| "this user".to_owned(), |user| format!("the user `{user}`")),
        permission.as_deref().map_or_else(|| "may not do this".to_owned(), |name| format!("lacks the permission {name}")),
        told.as_deref().map_or_else(String::new, |told| format!(": {told}")))]
    Forbidden {
        /// The request.
        what: String,
        /// As whom Jenkins sees us.
        user: Option<String>,
        /// The permission that Jenkins names.
        permission: Option<String>,
        /// In Jenkins' words.
        told: Option<String>,
    },
    /// Jenkins said no.
    #[error("{what}: Jenkins answered {status}{}", told.as_deref().map_or_else(String::new, |told| format!(": {told}")))]
    Refused {
        /// The request.
        what: String,
        /// The status code.
        status: u16,
        /// In Jenkins' words.
        told: Option<String>,
    },
    /// An answer that is not of Jenkins' API: a login page, a proxy, half a document.
    #[error("{what}: the answer is not one of Jenkins: {why}")]
    Strange {
        /// The request.
        what: String,
        /// What was wrong with the answer.
        why: String,
    },
    /// The answer to the start was lost, and what became of it cannot be told.
    #[error("it is not known whether `{job}` was started: {why}")]
    Unknown {
        /// The job.
        job: String,
        /// What happened.
        why: String,
    },
    /// The item left the queue, and no build is known to be of it.
    #[error("queue item {id} of `{job}` is gone, and no build is known to have come from it")]
    LostSight {
        /// The job.
        job: String,
        /// The item.
        id: u64,
    },
    /// Waiting ended by its own limit.
    #[error("{what} took longer than {seconds} s")]
    TooLate {
        /// What was waited for.
        what: String,
        /// The limit.
        seconds: u64,
    },
    /// Somebody wants us to end.
    #[error("interrupted")]
    Interrupted,
    /// What was to be stopped goes on.
    #[error("{what} could not be stopped")]
    NotStopped {
        /// What.
        what: String,
    },
    /// More than is read.
    #[error("{what}: the answer is longer than {limit} bytes")]
    TooLarge {
        /// The request.
        what: String,
        /// The limit.
        limit: usize,
    },
    /// No answer came.
    #[error("{what}: {source}")]
    Http {
        /// The request.
        what: String,
        /// Why.
        source: HttpError,
    },
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::NoJob { .. } => {
                "names are case-sensitive, with folders before them; the user needs Job/Read on the job and Job/Read or \
                                   Job/Discover on the folders. For a branch of a multibranch project give `--branch`"
            }
            Self::Folder { .. } => "name one of its jobs; for a multibranch project give `--branch`",
            Self::NotBuildable { .. } => "enable it on its page in Jenkins",
            Self::Unauthorized { sent: true, .. } => "make an API token on the user's page in Jenkins, and check user name and token",
            Self::Unauthorized { sent: false, .. } => "set JENKINS_USER_ID and JENKINS_API_TOKEN",
            Self::Forbidden { told: Some(told), .. } if told.contains("crumb") => "use an API token, which needs no crumb",
            Self::Forbidden { permission: Some(_), .. } => "an administrator of Jenkins grants it",
            Self::Forbidden { .. } => "starting needs Job/Build and Job/Read, stopping Job/Cancel",
            Self::Refused { status: 405, .. } => "a proxy may have turned the POST into a GET: give the address that needs no redirect",
            Self::Strange { .. } => "is it the address of Jenkins itself, with its context path, and not of a login page or a proxy?",
            Self::Unknown { .. } => {
                "look at the job's page before starting it again. With a string parameter PROOFMARK_KEY the start is found again after a \
                 lost answer, and not made twice"
            }
            Self::Http { .. } => "is the server up, and reachable from here?",
            _ => return None,
        };
        Some(text.to_owned())
    }

    /// Whether a system outside of this machine's files failed, and not what was typed.
    pub fn is_outside(&self) -> bool {
        !matches!(self, Self::Setting { .. } | Self::Parameter(_) | Self::NoJob { .. } | Self::Folder { .. })
    }
}

/// What is wrong with a parameter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParameterError {
    /// Jenkins would ignore it without a word.
    #[error("the job `{job}` has no parameter `{name}`")]
    NoSuch {
        /// The job.
        job: String,
        /// The name.
        name: String,
        /// The names that it has.
        known: Vec<String>,
    },
    /// None of the choices.
    #[error("the parameter `{name}` has no choice `{value}`")]
    NoChoice {
        /// The name.
        name: String,
        /// What was given.
        value: String,
        /// What may be given.
        choices: Vec<String>,
    },
    /// Given more than once.
    #[error("the parameter `{name}` is given twice")]
    Twice {
        /// The name.
        name: String,
    },
    /// Jenkins would take anything but `true` for false.
    #[error("the parameter `{name}` is neither true nor false")]
    NoBoolean {
        /// The name.
        name: String,
    },
    /// A file where a text is due, or a text where a file is due.
    #[error("the parameter `{name}` {}", if *file { "takes a file" } else { "takes no file" })]
    File {
        /// The name.
        name: String,
        /// Whether it takes one.
        file: bool,
    },
    /// The parameter for keys cannot hold one.
    #[error("the parameter `{name}` cannot take a key: it is not a string")]
    NoKey {
        /// The name.
        name: String,
    },
}

/// A foreign text in one short line: without the secrets, and without what a terminal would act on.
pub(super) use proofmark_http::api::one_line as clean;
