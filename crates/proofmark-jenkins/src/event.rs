//! A build of Jenkins as an event: of the branch, change or tag that it is of, or of the job alone.

use proofmark_core::event::{Actor, Event, Kind, Mark, Push, Run, Sender};
use proofmark_core::run::Place;

use crate::host::{Host, Remote};

/// The parameter by which a job tells the order that started it.
const KEY: &str = "PROOFMARK_KEY";

/// The depth that stands for every greater one.
const DEEPEST: u32 = 99;

/// The event that a build is of. `host` is what [`crate::host::read`] made of the same variables; where the caller has settled
/// which commit is the head, it stands in `host.run`.
///
/// A build of a change whose head is not settled has no commit: what is checked out may be a merge that nobody knows.
pub fn of_build(host: &Host, var: &dyn Fn(&str) -> Option<String>) -> Event {
    let text = |name: &str| var(name).filter(|text| !text.trim().is_empty());
    let run = &host.run;
    let mut event = Event::new(Sender::Jenkins, Kind::Push);
    // The job with its branch, which `run.job` leaves out: each of them counts its builds.
    event.id = text("JOB_NAME").or_else(|| run.job.clone()).zip(host.number).map(|(job, number)| format!("{job}#{number}"));
    event.repository.clone_from(&run.repository);
    event.actor = run.actor.clone().map(|login| Actor::new(login, false));
    event.depth = text(KEY).and_then(|key| Mark::parse(key.trim())).map_or(0, |mark| mark.depth.min(DEEPEST));
    match run.event.as_str() {
        "pull_request" => change(&mut event, host, &text),
        "tag" => {
            event.tag.clone_from(&run.head.branch);
            event.push = Some(Push::default());
            event.head = Place::new(run.head.branch.clone(), settled(host));
        }
        _ if is_plain(host) => {
            event.kind = Kind::Build;
            let mut build = Run::default();
            (build.id, build.name) = (host.number, run.job.clone());
            event.run = Some(build);
        }
        _ => {
            event.branch.clone_from(&run.head.branch);
            event.default_branch = event.branch.clone().filter(|_| host.primary == Some(true));
            event.push = Some(Push::default());
            event.base = Place::new(event.branch.clone(), host.previous.clone());
            event.head = Place::new(event.branch.clone(), settled(host));
        }
    }
    event
}

fn change(event: &mut Event, host: &Host, text: &dyn Fn(&str) -> Option<String>) {
    event.kind = Kind::PullRequest;
    event.base.clone_from(&host.run.base);
    event.head.clone_from(&host.run.head);
    event.branch.clone_from(&event.base.branch);
    event.pull_request.clone_from(&host.run.pull_request);
    // The plugin "GitHub Pull Request Builder" has no CHANGE_FORK: a head that is not shown to be ours is a stranger's.
    if let Some(pull) = event.pull_request.as_mut().filter(|_| text("CHANGE_ID").is_none()) {
        let from = text("ghprbAuthorRepoGitUrl").and_then(|url| Remote::parse(&url));
        pull.fork = from.is_none() || from != host.remote;
    }
}

/// The commit of a branch or tag, where nothing is merged for the test.
fn settled(host: &Host) -> Option<String> {
    host.run.head.commit.clone().or_else(|| host.commit.clone())
}

/// Whether the job has no sources that anybody knows of.
fn is_plain(host: &Host) -> bool {
    host.run.head.branch.is_none() && settled(host).is_none() && host.remote.is_none()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::host::read;

    const SHA: &str = "0123456789abcdef0123456789abcdef01234567";
    const OLD: &str = "fedcba9876543210fedcba9876543210fedcba98";

    fn of(job: &str, more: &[(&str, &str)]) -> Event {
        let mut all = vec![("JENKINS_URL", "https://ci.example.org/"), ("JOB_NAME", job), ("BUILD_NUMBER", "7")];
        all.extend(more);
        let var = move |name: &str| all.iter().rev().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        of_build(&read(&var).expect("a build"), &var)
    }

    const CLONE: [(&str, &str); 2] = [("GIT_COMMIT", SHA), ("GIT_URL", "https://github.com/octo/churn.git")];

    #[test]
    fn a_branch_is_pushed() {
        let branch = [("BRANCH_NAME", "main"), ("BRANCH_IS_PRIMARY", "true"), ("GIT_PREVIOUS_COMMIT", OLD)];
        let event = of("ml/churn/main", &[&CLONE[..], &branch].concat());
        assert_eq!((event.sender, &event.kind, event.id.as_deref()), (Sender::Jenkins, &Kind::Push, Some("ml/churn/main#7")));
        assert_eq!((event.repository.as_deref(), event.default_branch.as_deref()), (Some("octo/churn"), Some("main")));
        assert_eq!((event.branch.as_deref(), event.tag.as_deref(), event.run), (Some("main"), None, None));
        assert_eq!(event.base, Place::new(Some("main".to_owned()), Some(OLD.to_owned())));
        assert_eq!(event.head, Place::new(Some("main".to_owned()), Some(SHA.to_owned())));
        assert_eq!(of("ml/churn/topic", &[&CLONE[..], &[("BRANCH_NAME", "topic")]].concat()).default_branch, None);
        assert_eq!(of("nightly", &[&CLONE[..], &[("GIT_BRANCH", "origin/main")]].concat()).branch.as_deref(), Some("main"));
        assert_eq!(of("nightly", &CLONE).kind, Kind::Push, "of no branch that is told");
    }

    #[test]
    fn a_change_is_a_pull_request() {
        let change =
            [("BRANCH_NAME", "PR-12"), ("CHANGE_ID", "12"), ("CHANGE_TARGET", "main"), ("CHANGE_BRANCH", "main"), ("CHANGE_AUTHOR", "eve")];
        let event = of("ml/churn/PR-12", &[&CLONE[..], &change].concat());
        assert_eq!((&event.kind, event.branch.as_deref(), event.push.is_some()), (&Kind::PullRequest, Some("main"), false));
        assert_eq!(event.pull_request.as_ref().map(|pull| (pull.number, pull.fork)), Some((12, false)));
        assert_eq!(event.head.commit, None, "GIT_COMMIT may be a merge that nobody knows");
        assert_eq!(event.actor, Some(Actor::new("eve", false)));
        assert!(of("ml/churn/PR-12", &[&change[..], &[("CHANGE_FORK", "eve")]].concat()).is_foreign());
    }

    #[test]
    fn a_pull_request_builder_has_to_show_that_the_head_is_ours() {
        let built = |more: &[(&str, &str)]| {
            let pull = [("ghprbPullId", "12"), ("ghprbTargetBranch", "main"), ("ghprbActualCommit", SHA)];
            of("gate", &[&CLONE[..], &pull, more].concat())
        };
        assert!(built(&[]).is_foreign());
        assert!(built(&[("ghprbAuthorRepoGitUrl", "https://github.com/eve/churn.git")]).is_foreign());
        let ours = built(&[("ghprbAuthorRepoGitUrl", "https://github.com/octo/churn.git")]);
        assert_eq!((ours.is_foreign(), ours.head.commit.as_deref()), (false, Some(SHA)));
    }

    #[test]
    fn a_tag_is_pushed() {
        let event = of("ml/churn/v1", &[&CLONE[..], &[("BRANCH_NAME", "v1"), ("TAG_NAME", "v1")]].concat());
        assert_eq!((&event.kind, event.tag.as_deref(), event.branch), (&Kind::Push, Some("v1"), None));
        assert_eq!((event.head.commit.as_deref(), event.push), (Some(SHA), Some(Push::default())));
    }

    #[test]
    fn a_job_without_sources_is_a_build() {
        let event = of("folder/nightly", &[]);
        assert_eq!((&event.kind, event.id.as_deref(), event.push), (&Kind::Build, Some("folder/nightly#7"), None));
        let run = event.run.expect("a build");
        assert_eq!((run.id, run.name.as_deref(), run.fork), (Some(7), Some("folder/nightly"), false));
    }

    #[test]
    fn the_key_tells_the_depth() {
        let depth = |key: &str| of("nightly", &[(KEY, key)]).depth;
        assert_eq!(depth("pm1-3-0a1b2c3d-4e5f6071-8293a4b5c6d7e8f9"), 3);
        assert_eq!(depth("pm1-300-0a1b2c3d-4e5f6071-8293a4b5c6d7e8f9\n"), 99);
        assert_eq!((depth(""), depth("see pm1-3-0a1b2c3d-4e5f6071-8293a4b5c6d7e8f9")), (0, 0));
    }

    proptest! {
        #[test]
        fn a_change_of_a_fork_stays_one(values in prop::collection::vec(".{0,20}", 6)) {
            let names = ["BRANCH_NAME", "CHANGE_TARGET", "CHANGE_BRANCH", "TAG_NAME", "GIT_URL", KEY];
            let mut all: Vec<(&str, &str)> = names.into_iter().zip(values.iter().map(String::as_str)).collect();
            all.extend([("CHANGE_ID", "12"), ("CHANGE_FORK", "eve")]);
            prop_assert!(of("ml/churn/PR-12", &all).is_foreign());
        }
    }
}
