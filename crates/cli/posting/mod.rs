//! Brings a report to where people look: comment, check, status, labels at GitHub; summary, outputs, annotations of the run.
//!
//! What may go where is decided in `plan`, what it says in `compose`; `send` and `runner` carry it out.

pub(crate) mod args;
mod compose;
pub(crate) mod plan;
mod runner;
mod send;

use proofmark_core::config::GitHub;
use proofmark_core::run::ReadOnly;
use proofmark_github::actions::commands::{Level, Remark, Stopped};
use proofmark_github::{Found, Link, StatusOrder, StatusState};
use proofmark_render::{Options, Page, escape};
use serde_json::json;

use crate::exit::{self, CliError};
use crate::host::Host;
use crate::printer::Printer;
use crate::world::World;

use args::{Annotations, Posting};
pub(crate) use compose::Content;
use compose::Look;
pub(crate) use runner::Written;
use send::Links;
pub(crate) use send::Place;

/// One report on its way.
pub(crate) struct Posts<'a> {
    pub(crate) host: &'a Host,
    pub(crate) typed: &'a Posting,
    pub(crate) config: &'a GitHub,
    pub(crate) template: String,
    pub(crate) options: Options,
    pub(crate) written: Written,
}

/// Whether everything arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrived {
    /// All that the token may do was done.
    Yes,
    /// Something failed that should have worked.
    No,
}

impl Posts<'_> {
    /// Posts the content. `place` says where, when it is not where the run says.
    pub(crate) fn post(&self, content: Content<'_>, place: Option<Place>, world: &World, printer: &Printer) -> Result<Arrived, CliError> {
        let run = &self.host.run;
        let plan = plan::plan(run, self.typed, self.config, content.effect());
        let page = Page { title: self.typed.subject.as_deref(), run: Some(run), whole_report: run.run_url.as_deref(), ..Page::default() };
        let look = Look { options: &self.options, template: &self.template, page };
        let mut place = place.unwrap_or_else(|| Place::of(run));
        if place.sha.is_none()
            && let Content::Judged(report) = content
        {
            place.sha.clone_from(&report.comparison.head.revision.commit);
        }
        let author = self.typed.comment_author.as_deref();
        if self.typed.dry_run {
            let link = self.host.dry()?;
            let sent = send::send(&link, &plan, &place, content, &look, author, world.now())?;
            return self.show(&link, content, &look, sent.annotated, printer);
        }
        let sent = match self.way(printer) {
            None => send::Sent::default(),
            Some(link) => {
                let link = link?;
                self.complete(&link, &mut place);
                send::send(&link, &plan, &place, content, &look, author, world.now())?
            }
        };
        for line in &sent.done {
            printer.say(line);
        }
        self.complain(&sent.denied, Level::Warning, printer)?;
        self.complain(&sent.failed, Level::Error, printer)?;
        self.leave(content, &look, sent.annotated, &sent.links, world, printer)?;
        Ok(if sent.failed.is_empty() { Arrived::Yes } else { Arrived::No })
    }

    /// Says that somebody is at work, before anything was judged.
    pub(crate) fn start(&self, printer: &Printer) -> Result<(), CliError> {
        let run = &self.host.run;
        let plan = plan::plan(run, self.typed, self.config, proofmark_core::config::Effect::Allow);
        let place = Place::of(run);
        let Some(sha) = place.sha.as_deref() else {
            return Err(CliError::input("the commit that the check would stand at is not known"));
        };
        let link = match (self.typed.dry_run, self.way(printer)) {
            (true, _) => std::sync::Arc::new(self.host.dry()?),
            (false, None) => return Ok(()),
            (false, Some(link)) => link?,
        };
        let key = plan.check.as_ref().map(|name| send::check_key(name, &plan, &place, sha, run.run_url.as_deref()));
        let started = key.map(|key| link.block_on(link.client().start_check(&key)));
        let needs_status = matches!(&started, Some(Err(error)) if proofmark_github::needs_app(error));
        match started {
            Some(Ok(_)) => printer.say("check started"),
            Some(Err(error)) if !needs_status => self.complain(&[error.into()], Level::Warning, printer)?,
            _ => {}
        }
        let context = plan.status.as_ref().or(plan.instead_of_check.as_ref().filter(|_| needs_status));
        if let Some(context) = context {
            let order = StatusOrder {
                sha: sha.to_owned(),
                context: context.clone(),
                state: StatusState::Pending,
                description: "at work".to_owned(),
                target_url: run.run_url.clone(),
            };
            match link.block_on(link.client().set_status(&order)) {
                Ok(()) => printer.say("commit status set"),
                Err(error) => self.complain(&[error.into()], Level::Warning, printer)?,
            }
        }
        if self.typed.dry_run { self.list(&link, Vec::new(), printer) } else { Ok(()) }
    }

    /// The way to GitHub; `None`, with a word of why, when nothing can be written there.
    fn way(&self, printer: &Printer) -> Option<Result<std::sync::Arc<Link>, CliError>> {
        let why = match self.host.run.read_only {
            Some(ReadOnly::Fork) => {
                "this run is for a pull request from a fork, so its token can only read: the report is in the job summary; two \
                 workflows bring it to the pull request (README, \"Pull requests from forks\")"
            }
            _ if !self.host.has_token() => {
                "there is no token, so nothing is posted: give the step `env: GITHUB_TOKEN: ${{ github.token }}`"
            }
            // Dependabot's token can only read unless the owners chose otherwise: trying tells.
            _ => return Some(self.host.link()),
        };
        printer.say(why);
        if self.is_in_actions() {
            let _ = printer.data(format!("{}\n", Remark::new(Level::Notice, why).title("proofmark").command()).as_bytes());
        }
        None
    }

    /// Looks up what the event does not tell: the head of a commented pull request, the pull request of a pushed branch.
    fn complete(&self, link: &Link, place: &mut Place) {
        let run = &self.host.run;
        match (place.pull, &place.sha) {
            (Some(number), None) => {
                place.sha = link.block_on(link.client().pull_request(number)).ok().map(|pull| pull.head_sha);
            }
            (None, Some(sha)) if run.event == "push" && run.head.branch != run.base.branch => {
                let owner = run.repository.as_deref().and_then(|name| name.split('/').next());
                let head = owner.zip(run.head.branch.as_deref()).map(|(owner, branch)| format!("{owner}:{branch}"));
                // Without a pull request there is the check; a failure to look costs no more than the comment.
                if let Ok(Found::One(pull)) = link.block_on(link.client().find_pull(sha, head.as_deref(), &[])) {
                    place.pull = Some(pull.number);
                }
            }
            _ => {}
        }
    }

    /// What stays with the run: summary, annotations, outputs.
    fn leave(
        &self,
        content: Content<'_>,
        look: &Look<'_>,
        annotated: bool,
        links: &Links,
        world: &World,
        printer: &Printer,
    ) -> Result<(), CliError> {
        if !self.is_in_actions() {
            return Ok(());
        }
        if !self.typed.no_summary {
            runner::summary(content, look, world)?;
        }
        if self.wants_annotations(annotated) {
            runner::annotations(&content.annotations(), printer)?;
        }
        runner::outputs(content, links, &self.written, world)
    }

    fn wants_annotations(&self, annotated: bool) -> bool {
        match self.typed.annotations {
            Annotations::Always => true,
            Annotations::Never => false,
            Annotations::Auto => !annotated,
        }
    }

    fn is_in_actions(&self) -> bool {
        self.host.actions.is_some()
    }

    /// What would be posted, and what would be left with the run.
    fn show(&self, link: &Link, content: Content<'_>, look: &Look<'_>, annotated: bool, printer: &Printer) -> Result<Arrived, CliError> {
        let mut more = Vec::new();
        if let Some(why) = self.host.run.read_only {
            more.push(json!({"note": format!("the token of this run can only read ({why:?}): a real run would not send these requests")}));
        }
        if self.is_in_actions() && !self.typed.no_summary {
            more.push(json!({"file": "GITHUB_STEP_SUMMARY", "text": content.markdown(look, &[], 1 << 20)?}));
        }
        if self.is_in_actions() && self.wants_annotations(annotated) {
            let rows = content.annotations();
            more.extend(
                rows.iter().map(|row| json!({"annotation": row.title, "file": row.file.as_str(), "line": row.line, "text": row.message})),
            );
        }
        self.list(link, more, printer)?;
        Ok(Arrived::Yes)
    }

    /// Prints requests as they would be sent.
    fn list(&self, link: &Link, more: Vec<serde_json::Value>, printer: &Printer) -> Result<(), CliError> {
        let (api, graphql) = self.host.addresses();
        let row = |request: &proofmark_github::Request| {
            let url = request.path.as_ref().map_or_else(|| graphql.clone(), |path| format!("{api}{path}"));
            json!({"method": request.method, "url": url, "body": request.body})
        };
        let rows: Vec<serde_json::Value> = link.client().recorded().iter().map(row).chain(more).collect();
        printer.data(proofmark_render::json(&rows)?.as_bytes())
    }

    /// Tells of failures, in the log's own way too where there is one.
    fn complain(&self, errors: &[CliError], level: Level, printer: &Printer) -> Result<(), CliError> {
        for error in errors {
            printer.error(error);
            if self.is_in_actions() {
                let hints = error.hints.iter().map(|hint| format!("\n{hint}")).collect::<String>();
                let text = format!("{}{hints}", escape::terminal(&error.message));
                printer.data(format!("{}\n", Remark::new(level, text).title("proofmark").command()).as_bytes())?;
            }
        }
        Ok(())
    }
}

/// Nowhere to post.
pub(crate) fn nowhere() -> CliError {
    CliError::input("there is no pull request to post to: this is no run of GitHub Actions")
        .hint("to see what would be posted, give `--dry-run --repository OWNER/NAME --pull-request NUMBER`")
}

/// Prints foreign text so that the runner obeys none of its lines.
pub(crate) fn guarded(host: &Host, world: &World, printer: &Printer, print: impl FnOnce() -> Result<(), CliError>) -> Result<(), CliError> {
    if host.actions.is_none() {
        return print();
    }
    // Nobody who wrote the text can have known the word, and what is printed holds no line that begins with colons.
    let stopped = Stopped::for_text("", &mut || world.random());
    printer.data(format!("{}\n", stopped.begin()).as_bytes())?;
    let printed = print();
    printer.data(format!("{}\n", stopped.end()).as_bytes())?;
    printed
}

/// The exit code: by the verdict, but a report that did not arrive is no success.
pub(crate) fn code(verdict: u8, arrived: Arrived) -> u8 {
    match (verdict, arrived) {
        (exit::ALLOWED, Arrived::No) => exit::OUTSIDE,
        _ => verdict,
    }
}
