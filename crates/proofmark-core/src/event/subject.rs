//! What an event means: several senders, deliveries and events may tell of one thing.

use super::{Event, Kind};

impl Event {
    /// What the event is about, in parts: two events with the same parts ask for the same work.
    ///
    /// A push to the branch of a pull request comes as `push` and as `pull_request`, and both mean this commit of this
    /// repository. What people ask for (a command, a start by hand) means itself, each time anew, and so does what a clock asks
    /// for; only repetitions of one delivery are the same.
    pub fn subject(&self) -> Vec<String> {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let repository = text(&self.repository).to_ascii_lowercase();
        let own = |what: &str, more: Vec<String>| {
            let mut parts = vec![what.to_owned(), repository.clone()];
            parts.extend(more);
            parts
        };
        let delivery = || self.id.clone().unwrap_or_else(|| text(&self.head.commit));
        if let Some(comment) = &self.comment {
            return own("comment", vec![comment.id.to_string()]);
        }
        match &self.kind {
            Kind::Schedule => own("schedule", vec![text(&self.schedule), delivery()]),
            Kind::WorkflowDispatch | Kind::RepositoryDispatch => own(&self.name(), vec![delivery()]),
            Kind::ModelAlias | Kind::ModelVersion | Kind::ModelTag | Kind::Model => {
                let model = self.model.as_ref();
                let of = |field: Option<String>| field.unwrap_or_default();
                // The alias may go back and forth: each move is one.
                own(
                    &self.name(),
                    vec![of(model.map(|model| model.name.clone())), of(model.and_then(|model| model.alias.clone())), delivery()],
                )
            }
            Kind::Gate | Kind::Drift => {
                let document = self.verdict.as_ref().and_then(|verdict| verdict.document.clone());
                own(&self.name(), vec![document.unwrap_or_else(delivery)])
            }
            // One commit may have many runs, checks and deployments.
            Kind::WorkflowRun | Kind::CheckRun | Kind::CheckSuite | Kind::Build | Kind::Deployment | Kind::DeploymentStatus => {
                let run = self.run.as_ref();
                let id = run.and_then(|run| run.id).map(|id| id.to_string()).unwrap_or_else(delivery);
                own(&self.name(), vec![id, text(&run.and_then(|run| run.conclusion.clone()))])
            }
            Kind::Release | Kind::Package | Kind::Status | Kind::Other(_) => {
                let name = self.tag.clone().or_else(|| self.run.as_ref().and_then(|run| run.name.clone()));
                own(&self.name(), vec![name.unwrap_or_default(), delivery()])
            }
            Kind::Push if self.tag.is_some() => own("tag", vec![text(&self.tag), text(&self.head.commit)]),
            Kind::Push if self.head.commit.is_none() => own("deleted", vec![text(&self.branch), text(&self.base.commit)]),
            // Merged or closed is another thing than pushed.
            Kind::PullRequest if self.action.as_deref() == Some("closed") => {
                own("closed", vec![self.pull_request.as_ref().map_or(0, |pull| pull.number).to_string(), text(&self.head.commit)])
            }
            // Somebody asks for something at this commit, which pushing it did not.
            Kind::PullRequest if self.label.is_some() => own("label", vec![text(&self.label), text(&self.head.commit)]),
            Kind::Push | Kind::PullRequest | Kind::MergeGroup | Kind::Comment => {
                own("commit", vec![self.head.commit.clone().unwrap_or_else(delivery)])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Comment, Sender};
    use crate::run::Place;

    fn event(kind: Kind, commit: &str) -> Event {
        let mut event = Event::new(Sender::Github, kind);
        event.repository = Some("Acme/Widgets".to_owned());
        event.head = Place::new(Some("topic".to_owned()), Some(commit.to_owned()));
        event
    }

    #[test]
    fn a_push_and_its_pull_request_mean_one_commit() {
        let mut pull = event(Kind::PullRequest, "c1");
        pull.action = Some("synchronize".to_owned());
        assert_eq!(event(Kind::Push, "c1").subject(), pull.subject());
        assert_ne!(event(Kind::Push, "c1").subject(), event(Kind::Push, "c2").subject());
        pull.action = Some("closed".to_owned());
        assert_ne!(event(Kind::Push, "c1").subject(), pull.subject());
    }

    #[test]
    fn what_people_ask_for_means_itself() {
        let mut first = event(Kind::Comment, "c1");
        let mut second = first.clone();
        (first.comment, second.comment) = (Some(Comment::new(1, 7, "/x")), Some(Comment::new(2, 7, "/x")));
        assert_ne!(first.subject(), second.subject());
        let mut one = event(Kind::WorkflowDispatch, "c1");
        let mut two = one.clone();
        (one.id, two.id) = (Some("1".to_owned()), Some("2".to_owned()));
        assert_ne!(one.subject(), two.subject());
    }
}
