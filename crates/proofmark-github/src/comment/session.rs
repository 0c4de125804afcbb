//! Requests of one comment being brought up to date, in their order.

mod edit;

use std::collections::BTreeSet;

use tokio::time::{sleep, timeout_at};

use super::author;
use super::lock::{Dice, Lock, Patience, Waiting, lock, out_of_time, unlock};
use super::marker::{find, marker, token};
use super::page::Page;
use super::plan::{Plan, Why, plan, same};
use super::{CommentOrder, CommentOutcome};
use crate::client::Client;
use crate::error::GitHubError;
use crate::routes;
use crate::wire::Comment;

/// How often everything may change under us before we give up.
const MOST_ROUNDS: u32 = 12;
/// How often a text written without a lock is looked after.
const MOST_CHECKS: u32 = 5;
/// How often a list is asked again that does not show what was made, and the first pauses before the second time.
const MOST_LOOKS: u32 = 5;
const LOOK_PAUSES: u32 = 8;
/// How often a comment is posted whose answer is lost.
const MOST_POSTS: u32 = 6;

/// How far a round came.
enum Step {
    Done(CommentOutcome),
    /// Something changed under us: look again.
    Again,
}

/// One order on its way.
pub(super) struct Session<'a> {
    client: &'a Client,
    order: &'a CommentOrder<'a>,
    patience: &'a Patience,
    marker: String,
    token: String,
    dice: Dice,
    /// Our own login, once it is known.
    author: Option<String>,
    /// A comment that we made in an earlier round.
    made: Option<u64>,
    /// There are no locks here.
    lockless: bool,
    waiting: Waiting<'a>,
    notes: BTreeSet<String>,
}

impl<'a> Session<'a> {
    pub(super) fn new(client: &'a Client, order: &'a CommentOrder<'a>, patience: &'a Patience) -> Self {
        let (marker, token) = (marker(&order.key), token(&order.section));
        // Sections are different where runs are the same, so that no two jobs wait in step.
        let seed = token.bytes().fold(order.run.run_id, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)));
        Self {
            client,
            order,
            patience,
            marker,
            token,
            dice: Dice(seed),
            author: order.author.clone(),
            made: None,
            lockless: false,
            waiting: order.waiting,
            notes: BTreeSet::new(),
        }
    }

    pub(super) async fn run(mut self) -> Result<CommentOutcome, GitHubError> {
        for round in 1..=MOST_ROUNDS {
            let comments = self.comments().await?;
            let step = match comments.split_first() {
                None => self.first().await?,
                Some((oldest, duplicates)) => self.revise(oldest, duplicates).await?,
            };
            if let Step::Done(outcome) = step {
                let notes: Vec<String> = self.notes.into_iter().collect();
                return Ok(if notes.is_empty() { outcome } else { CommentOutcome::Noted { outcome: Box::new(outcome), notes } });
            }
            sleep(self.dice.around(self.patience.pause * round)).await;
        }
        let number = self.order.issue;
        Err(GitHubError::Input(format!("the comment on #{number} was changed by others each time before it could be written")))
    }

    /// Our own comments that are in use, oldest first; among them the one that we made, though a list may be late to show it.
    async fn comments(&mut self) -> Result<Vec<Comment>, GitHubError> {
        let mut comments = self.listed().await?;
        if let Some(made) = self.made.filter(|made| comments.iter().all(|comment| comment.id != *made)) {
            comments.extend(self.read(made).await?);
            comments.sort_by_key(|comment| comment.id);
        }
        Ok(comments)
    }

    /// Those of them that the list shows.
    async fn listed(&mut self) -> Result<Vec<Comment>, GitHubError> {
        let mut comments: Vec<Comment> = self.client.pages(&routes::list_comments(&self.client.repo, self.order.issue)).await?;
        comments.retain(|comment| self.is_marked(comment));
        if comments.is_empty() {
            return Ok(comments);
        }
        let login = match &self.author {
            Some(login) => login.clone(),
            None => author::login(self.client, &comments).await?,
        };
        comments.retain(|comment| author::is_by(comment, &login));
        self.author = Some(login);
        comments.sort_by_key(|comment| comment.id);
        comments.dedup_by_key(|comment| comment.id);
        Ok(comments)
    }

    /// A comment as it is now, if it is still there and in use.
    async fn read(&self, id: u64) -> Result<Option<Comment>, GitHubError> {
        let comment = unless_gone(self.client.json::<Comment>(&routes::comment(&self.client.repo, id)).await)?;
        Ok(comment.filter(|comment| self.is_marked(comment)))
    }

    fn is_marked(&self, comment: &Comment) -> bool {
        find(text(comment), &self.marker).is_some() && comment.minimized.is_none()
    }

    /// The sections of a comment; what people wrote above the marker is none of them.
    fn page(&self, comment: &Comment) -> Page {
        let start = find(text(comment), &self.marker).unwrap_or_default();
        Page::parse(&text(comment)[start..])
    }

    /// Nothing is there yet. Others may think so too: whoever sees more than one afterwards merges them.
    async fn first(&mut self) -> Result<Step, GitHubError> {
        let (body, left_out) = match self.plan("", Page::default())? {
            Plan::Leave(_) | Plan::Delete | Plan::Empty { .. } => return Ok(Step::Done(CommentOutcome::NotNeeded)),
            Plan::Write { body, left_out } | Plan::Renew { body, left_out } => (body, left_out),
        };
        self.note_left_out(left_out);
        let made = self.create(&body, 0).await?;
        let created = Step::Done(CommentOutcome::Created { url: made.html_url });
        if self.client.is_dry() {
            return Ok(created);
        }
        self.made = Some(made.id);
        match self.has_rivals(made.id).await {
            Ok(true) => Ok(Step::Again),
            Ok(false) => Ok(created),
            Err(error) => {
                self.notes.insert(format!("It is not known whether another job made a comment at the same moment: {error}."));
                Ok(created)
            }
        }
    }

    /// Whether other jobs have made comments too. A list that does not even show ours is late, and would not show theirs, which
    /// may be older: it is asked again.
    async fn has_rivals(&mut self, made: u64) -> Result<bool, GitHubError> {
        let mut is_gone = false;
        for look in 1..=MOST_LOOKS {
            let shown = self.listed().await?;
            if shown.iter().any(|comment| comment.id == made) {
                return Ok(shown.len() > 1);
            }
            is_gone = is_gone || self.read(made).await?.is_none();
            if is_gone && !shown.is_empty() {
                // Merged into another.
                return Ok(true);
            }
            sleep(self.dice.around(self.patience.pause * LOOK_PAUSES * look)).await;
        }
        if !is_gone {
            self.notes.insert("GitHub's list does not show the new comment yet, so it may be one of two until the next run.".to_owned());
        }
        Ok(is_gone)
    }

    /// Posts a comment. One whose answer was lost is looked for, among those newer than `after`, before it is posted again.
    async fn create(&mut self, body: &str, after: u64) -> Result<Comment, GitHubError> {
        let request = routes::create_comment(&self.client.repo, self.order.issue, body);
        let mut tries = 0;
        loop {
            tries += 1;
            match self.client.json::<Comment>(&request).await {
                Ok(made) => {
                    // The surest way to know who we are.
                    let told = made.user.as_ref().map(|user| user.login.clone()).filter(|login| !login.is_empty());
                    self.author = told.or_else(|| self.author.take());
                    return Ok(made);
                }
                Err(error) if error.is_lost() && !out_of_time(&error) => {
                    let comments = self.comments().await?;
                    let found = comments.into_iter().find(|comment| comment.id > after && self.has_run(comment));
                    if let Some(made) = found {
                        return Ok(made);
                    }
                    if tries >= MOST_POSTS {
                        return Err(error);
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Whether our section is there, by this run or a newer one.
    fn has_run(&self, comment: &Comment) -> bool {
        let (page, run) = (self.page(comment), &self.order.run);
        page.section(&self.token).is_some_and(|section| section.order() == run.order() || section.outranks(run))
    }

    /// Some are there: the oldest stays.
    async fn revise(&mut self, oldest: &Comment, duplicates: &[Comment]) -> Result<Step, GitHubError> {
        if duplicates.is_empty()
            && let Plan::Leave(why) = self.plan(text(oldest), self.page(oldest))?
        {
            return Ok(Step::Done(self.left(why, oldest)));
        }
        let lock = if self.lockless {
            Lock::Impossible
        } else {
            lock(self.client, oldest.id, self.patience, &mut self.dice, &mut self.waiting).await?
        };
        match lock {
            Lock::Held { reaction, until } => {
                let Ok(step) = timeout_at(until, self.rewrite(oldest.id, duplicates)).await else {
                    // What was under way may still arrive: the lock stays until it is stale, for us as for others.
                    return Ok(Step::Again);
                };
                if let Err(GitHubError::Http { .. }) = step {
                    // Nobody knows what the server made of it, so this is the same.
                    return step;
                }
                // Whoever comes next waits longer when this fails, and no more than that.
                if let Err(error) = unlock(self.client, oldest.id, reaction).await {
                    self.notes.insert(format!("The mark that keeps other jobs from the comment could not be taken off: {error}."));
                }
                step
            }
            Lock::Impossible | Lock::Busy => {
                let step = self.rewrite(oldest.id, duplicates).await?;
                if let Step::Again = step {
                    // There was no lock since the comment went: the next one may have one.
                    return Ok(step);
                }
                self.lockless = true;
                self.look_after(oldest.id, step).await
            }
        }
    }

    /// Reads the comment afresh and changes it. Dropped at any moment, it leaves only what the next run heals. The oldest, which
    /// bears the lock, is always the last to go: as long as it is there, nobody takes one of the others for the oldest.
    async fn rewrite(&mut self, id: u64, listed: &[Comment]) -> Result<Step, GitHubError> {
        let Some(comment) = self.read(id).await? else {
            return Ok(Step::Again);
        };
        let mut page = self.page(&comment);
        let mut duplicates = Vec::new();
        for duplicate in listed {
            // Afresh as well: since the list was made, another job may have written there, or merged it.
            duplicates.extend(self.read(duplicate.id).await?);
        }
        for duplicate in &duplicates {
            page.merge(self.page(duplicate));
        }
        let merged = page.clone();
        let outcome = match self.plan(text(&comment), page)? {
            Plan::Leave(why) => {
                let merged = merged.fitted(&self.marker);
                if !duplicates.is_empty() && !same(&merged, text(&comment)) && !self.patch(id, &merged).await? {
                    return Ok(Step::Again);
                }
                self.left(why, &comment)
            }
            Plan::Renew { body, left_out } if self.made.is_none() => {
                self.note_left_out(left_out);
                // One of the duplicates may be by this very run: it is not what is looked for when the answer is lost.
                let newest = duplicates.last().map_or(id, |duplicate| duplicate.id);
                let made = self.create(&body, newest).await?;
                self.made = Some(made.id);
                self.delete_all(&duplicates).await?;
                self.put_aside(&comment).await?;
                return Ok(Step::Done(CommentOutcome::Recreated { url: made.html_url }));
            }
            // Who has just made a new one need not make another.
            Plan::Write { body, left_out } | Plan::Renew { body, left_out } => {
                self.note_left_out(left_out);
                if !self.patch(id, &body).await? {
                    return Ok(Step::Again);
                }
                self.written(&comment)
            }
            Plan::Empty { body, shown } => {
                if !self.patch(id, &body).await? {
                    return Ok(Step::Again);
                }
                if shown { CommentOutcome::Deleted } else { CommentOutcome::NotNeeded }
            }
            Plan::Delete => {
                self.delete_all(&duplicates).await?;
                self.delete(id).await?;
                return Ok(Step::Done(CommentOutcome::Deleted));
            }
        };
        self.delete_all(&duplicates).await?;
        Ok(Step::Done(outcome))
    }

    /// Without a lock, somebody else may have written over our section: looks a little later, and writes again.
    async fn look_after(&mut self, id: u64, mut step: Step) -> Result<Step, GitHubError> {
        use CommentOutcome::{Created, NotNeeded, Superseded, Unchanged, Updated};
        if matches!(step, Step::Done(Unchanged { .. } | NotNeeded | Superseded { .. })) {
            return Ok(step);
        }
        self.notes.insert("Other jobs could not be kept from the comment while it was written, so their parts may lack news.".to_owned());
        for _ in 0..MOST_CHECKS {
            if !matches!(step, Step::Done(Updated { .. } | Created { .. })) {
                return Ok(step);
            }
            sleep(self.dice.around(self.patience.pause * 4)).await;
            match self.read(id).await? {
                None => return Ok(Step::Again),
                Some(comment) if self.has_run(&comment) => return Ok(step),
                Some(_) => step = self.rewrite(id, &[]).await?,
            }
        }
        Ok(step)
    }

    fn plan(&self, text: &str, page: Page) -> Result<Plan, GitHubError> {
        plan(self.order, text, page).map_err(GitHubError::Input)
    }

    fn written(&self, comment: &Comment) -> CommentOutcome {
        let url = comment.html_url.clone();
        if self.made == Some(comment.id) { CommentOutcome::Created { url } } else { CommentOutcome::Updated { url } }
    }

    fn left(&self, why: Why, comment: &Comment) -> CommentOutcome {
        match why {
            Why::NotNeeded => CommentOutcome::NotNeeded,
            // What is there, we or a job that merged ours have just written.
            Why::Unchanged if self.made.is_some() => self.written(comment),
            Why::Unchanged => CommentOutcome::Unchanged { url: comment.html_url.clone() },
            Why::Superseded { newer_run } => CommentOutcome::Superseded { newer_run, url: comment.html_url.clone() },
        }
    }

    fn note_left_out(&mut self, count: usize) {
        if count > 0 {
            self.notes.insert(format!("The comment has no room for {count} of the oldest parts that other jobs wrote."));
        }
    }
}

fn text(comment: &Comment) -> &str {
    comment.body.as_deref().unwrap_or_default()
}

/// `None` for what is gone.
fn unless_gone<T>(result: Result<T, GitHubError>) -> Result<Option<T>, GitHubError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(error.status(), Some(404 | 410)) => Ok(None),
        Err(error) => Err(error),
    }
}
