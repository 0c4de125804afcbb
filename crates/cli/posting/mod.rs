//! Brings a report to where people look: comment, check, status, labels at GitHub; summary, outputs, annotations of the run.
//!
//! What may go where is decided in `plan`, what it says in `compose`; `send` and `runner` carry it out.

pub(crate) mod args;
mod compose;
pub(crate) mod plan;
pub(crate) mod runner;
mod send;

use std::sync::Arc;

use proofmark_core::config::GitHub;
use proofmark_core::run::{ReadOnly, System};
use proofmark_github::actions::commands::{Level, Remark, Stopped};
use proofmark_github::{Found, Link, StatusOrder, StatusState};
use proofmark_render::{Options, Page, escape};
use serde_json::json;

use crate::exit::{self, CliError};
use crate::host::Host;
use crate::printer::Printer;
use crate::world::World;

use args::{Annotations, Posting};
use compose::Look;
pub(crate) use compose::{Content, fnv};
pub(crate) use runner::{Written, values};
use send::{Letter, Sent};
pub(crate) use send::{Links, Place};

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
    /// All of it, or all that such a run may do.
    Yes,
    /// The token may not do it, or there is none.
    Denied,
    /// Something failed that should have worked.
    No,
}

/// What became of a report on its way.
#[derive(Debug, Clone)]
pub(crate) struct Delivered {
    pub(crate) arrived: Arrived,
    /// Where people find it.
    pub(crate) links: Links,
}

impl Posts<'_> {
    /// Posts the content. `place` says where, when it is not where the run says.
    pub(crate) fn post(&self, content: Content<'_>, place: Option<Place>, world: &World, printer: &Printer) -> Result<Delivered, CliError> {
        let run = &self.host.run;
        let plan = plan::plan(run, self.typed, self.config, content.effect());
        let page = Page { title: self.typed.subject.as_deref(), run: Some(run), whole_report: run.run_url.as_deref(), ..Page::default() };
        let look = Look { options: &self.options, template: &self.template, page };
        let mut place = place.unwrap_or_else(|| Place::of(run));
        let waiting = |what: &str| printer.say(what);
        let author = self.typed.comment_author.as_deref();
        let nowhere = Place::default();
        let letter = Letter { plan: &plan, place: &nowhere, content, look: &look, author, now: world.now(), waiting: &waiting };
        if self.typed.dry_run {
            self.settle(content, &mut place)?;
            let link = self.host.dry()?;
            let sent = send::send(&link, &Letter { place: &place, ..letter })?;
            let arrived = self.show(&link, content, &look, sent.annotated, printer)?;
            return Ok(Delivered { arrived, links: Links::default() });
        }
        let sent = match self.way(printer) {
            Way::None(arrived) => Sent { arrived, ..Sent::default() },
            Way::Open(link) => {
                // A failure is told wherever it can be; a report only where it is known to belong.
                if let (Content::Judged { .. }, Err(error)) = (content, self.complete(&link, &mut place)) {
                    return Err(error);
                }
                self.settle(content, &mut place)?;
                send::send(&link, &Letter { place: &place, ..letter })?
            }
            Way::Broken(error) => Sent { failed: vec![error], ..Sent::default() },
        };
        for line in &sent.done {
            printer.say(line);
        }
        self.complain(&sent.denied, Level::Warning, printer)?;
        self.complain(&sent.failed, Level::Error, printer)?;
        self.leave(content, &look, sent.annotated, &sent.links, world, printer)?;
        let arrived = match (sent.failed.is_empty(), sent.denied.is_empty()) {
            (false, _) => Arrived::No,
            (true, false) => Arrived::Denied,
            (true, true) => sent.arrived,
        };
        Ok(Delivered { arrived, links: sent.links })
    }

    /// Makes sure that the report is shown at a commit that it is about: a check of another commit would open the gate.
    fn settle(&self, content: Content<'_>, place: &mut Place) -> Result<(), CliError> {
        let Content::Judged { report, holds } = content else { return Ok(()) };
        let judged = report.comparison.head.revision.commit.clone();
        match &place.sha {
            None => place.sha = judged,
            Some(sha) if holds(sha) => {}
            // Nobody waits for the check of a schedule at one commit or another, so it stands at what was judged.
            Some(_)
                if place.pull.is_none()
                    && matches!(self.host.run.event.as_str(), "schedule" | "workflow_dispatch" | "repository_dispatch" | "release") =>
            {
                place.sha = judged;
            }
            Some(sha) => {
                let short = |sha: &str| sha.get(..10).unwrap_or(sha).to_owned();
                let found = judged.as_deref().map_or_else(|| "unknown".to_owned(), short);
                return Err(CliError::input(format!("what was judged ({found}) is not the commit that the report is for ({})", short(sha)))
                    .hint("check out the pull request's head or its merge (`actions/checkout` without `ref` does, on `pull_request`), do not name another HEAD, and gate before you commit what the run made"));
            }
        }
        Ok(())
    }

    /// Says that somebody is at work, before anything was judged.
    pub(crate) fn start(&self, printer: &Printer) -> Result<Arrived, CliError> {
        let run = &self.host.run;
        let plan = plan::plan(run, self.typed, self.config, proofmark_core::config::Effect::Allow);
        let place = Place::of(run);
        let Some(sha) = place.sha.as_deref() else {
            return Err(CliError::input("the commit that the check would stand at is not known"));
        };
        let link = if self.typed.dry_run {
            Arc::new(self.host.dry()?)
        } else {
            match self.way(printer) {
                Way::None(arrived) => return Ok(arrived),
                Way::Open(link) => link,
                Way::Broken(error) => return Err(error),
            }
        };
        let key = plan.check.as_ref().map(|name| send::check_key(name, &plan, &place, sha, run.run_url.as_deref()));
        let started = key.map(|key| link.block_on(link.client().start_check(&key)));
        let needs_status = matches!(&started, Some(Err(error)) if proofmark_github::needs_app(error));
        match started {
            Some(Ok(_)) => printer.say("check started"),
            Some(Err(error)) if !needs_status => return Err(error.into()),
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
            link.block_on(link.client().set_status(&order))?;
            printer.say("commit status set");
        }
        if self.typed.dry_run {
            self.list(&link, Vec::new(), printer)?;
        }
        Ok(Arrived::Yes)
    }

    /// The way to GitHub, or a word of why nothing can be written there.
    fn way(&self, printer: &Printer) -> Way {
        let (why, arrived) = match self.host.run.read_only {
            Some(ReadOnly::Fork) => (
                "this run is for a pull request from a fork, so its token can only read: the report is in the job summary; two \
                 workflows bring it to the pull request (README, \"Pull requests from forks\")",
                Arrived::Yes,
            ),
            _ if !self.host.has_token() => {
                let problem = self.host.token_problem.as_deref().unwrap_or("there is no token");
                let cure = match self.host.run.system {
                    System::Jenkins => "bind credentials of Jenkins to the variable GITHUB_TOKEN",
                    _ => "give the step `env: GITHUB_TOKEN: ${{ github.token }}`",
                };
                (&*format!("{problem}, so nothing is posted: {cure}"), Arrived::Denied)
            }
            // Its own build tells of the newer commit, and nobody waits for a check of this one.
            _ if let Some(newer) = self.host.moved_on() => {
                let newer = newer.get(..10).unwrap_or(newer);
                (
                    &*format!("the pull request has moved on to {newer}, so nothing is posted: the build of that commit reports"),
                    Arrived::Yes,
                )
            }
            // Dependabot's token can only read unless the owners chose otherwise: trying tells.
            _ => return self.host.link().map_or_else(Way::Broken, Way::Open),
        };
        printer.say(why);
        if self.is_in_actions() {
            let _ = printer.data(format!("{}\n", Remark::new(Level::Notice, why).title("proofmark").command()).as_bytes());
        }
        Way::None(arrived)
    }

    /// Looks up what the event does not tell: the head of a commented pull request, the pull request of a pushed branch.
    fn complete(&self, link: &Link, place: &mut Place) -> Result<(), CliError> {
        let run = &self.host.run;
        match (place.pull, &place.sha) {
            (Some(number), None) => {
                let pull = link.block_on(link.client().pull_request(number))?;
                place.sha = Some(pull.head_sha);
                place.base = Some(pull.base_ref);
            }
            (None, Some(sha)) if run.event == "push" && run.head.branch != run.base.branch => {
                // Without a pull request there is the check; a failure to look costs no more than the comment.
                // One that goes elsewhere is judged by its own run, against its own base.
                if let Ok(Found::One(pull)) = link.block_on(link.client().find_pull(sha, self.host.head_label().as_deref(), &[]))
                    && Some(&pull.base_ref) == run.base.branch.as_ref()
                {
                    place.pull = Some(pull.number);
                }
            }
            _ => {}
        }
        Ok(())
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
        if self.wants_annotations(annotated) {
            runner::annotations(&content.annotations(), printer)?;
        }
        // The verdict is told by the exit code; a summary without room for it is no reason to lose that.
        let mut left = vec![runner::outputs(content, links, &self.written, world)];
        if !self.typed.no_summary {
            left.push(runner::summary(content, look, world));
        }
        let lost: Vec<CliError> = left.into_iter().filter_map(Result::err).collect();
        self.complain(&lost, Level::Warning, printer)
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
        let mut told: Vec<&String> = Vec::new();
        for error in errors {
            // The same advice once.
            let hints: Vec<&String> = error.hints.iter().filter(|hint| !told.contains(hint)).collect();
            told.extend(&hints);
            printer.error(&CliError { hints: hints.iter().map(|hint| (*hint).clone()).collect(), ..error.clone() });
            if self.is_in_actions() {
                let hints = hints.iter().map(|hint| format!("\n{hint}")).collect::<String>();
                let text = format!("{}{hints}", escape::terminal(&error.message));
                printer.data(format!("{}\n", Remark::new(level, text).title("proofmark").command()).as_bytes())?;
            }
        }
        Ok(())
    }
}

/// The way to GitHub.
enum Way {
    /// Nothing can be written.
    None(Arrived),
    Open(Arc<Link>),
    /// It should be there and is not.
    Broken(CliError),
}

/// Nowhere to post.
pub(crate) fn nowhere() -> CliError {
    CliError::input("there is no pull request to post to: this is no run of GitHub Actions or Jenkins")
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

/// The exit code: by the verdict, but a report that got lost is no success. What the token may not do was told, and the run
/// has the report.
pub(crate) fn code(verdict: u8, arrived: Arrived) -> u8 {
    match (verdict, arrived) {
        (exit::ALLOWED, Arrived::No) => exit::OUTSIDE,
        _ => verdict,
    }
}

/// The exit code of who was only to bring a report.
pub(crate) fn code_of_delivery(verdict: u8, arrived: Arrived) -> u8 {
    match (verdict, arrived) {
        (exit::ALLOWED, Arrived::No | Arrived::Denied) => exit::OUTSIDE,
        _ => verdict,
    }
}
