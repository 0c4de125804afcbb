//! A lock on a comment, made of a reaction, since GitHub has no way to change a text only if it is still the same.
//!
//! Adding a reaction that the same user already gave answers 200 instead of 201: test and set. All jobs of a workflow are
//! the same user.
//!
//! - **Never two writers.** Who holds the lock writes within [`Patience::lease`] from *before* it was asked for. After that
//!   the holder drops what is under way and leaves the lock alone, for a request may still arrive. A lock is broken only by
//!   who has watched it for [`Patience::stale`], which is much longer, and only by its own number, so that nobody takes off
//!   another lock than the one that was looked at. What the server says about its age counts for nothing: its clocks differ.
//! - **Never a deadlock.** A lock whose owner died is stale some time, and waiting ends anyway.
//! - **A lost answer** leaves a reaction that may be ours or somebody else's who came at the same moment; nothing tells
//!   them apart. Taking it off early could let two write, so it counts as somebody else's until it is stale. That costs
//!   time, once in many thousand requests, and is never wrong.

use std::time::Duration;

use proofmark_http::HttpError;
use tokio::time::{Instant, sleep};

use crate::client::Client;
use crate::error::{GitHubError, shape};
use crate::routes;
use crate::wire::Reaction;

const REACTION: &str = "eyes";
/// So many first pauses are what waiting for one's turn usually takes.
const USUAL_PAUSES: u32 = 20;
/// Lost answers in a row before the server is taken for one without reactions.
const MOST_LOST: u32 = 4;

/// How long to wait for what.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// A lock holds so long.
    pub lease: Duration,
    /// A lock that was watched so long is nobody's any more; it must be much longer than the lease.
    pub stale: Duration,
    /// Waiting for a lock ends after this time; longer than `stale`, so that a dead owner is survived.
    pub wait: Duration,
    /// The first pause between two looks at a lock; later ones are longer, up to forty times.
    pub pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let (lease, stale, wait) = (Duration::from_secs(12), Duration::from_secs(25), Duration::from_secs(45));
        Self { lease, stale, wait, pause: Duration::from_millis(50) }
    }
}

/// What came of asking for a lock.
#[derive(Debug)]
pub(super) enum Lock {
    /// It is ours until the moment.
    Held { reaction: u64, until: Instant },
    /// There are no locks here: another server, reactions switched off, the comment gone.
    Impossible,
    /// Somebody else had it all the time.
    Busy,
}

/// Who is told, once, that waiting takes longer than usual.
pub(super) type Waiting<'a> = Option<&'a dyn Fn(&str)>;

/// Asks for the lock until it is ours or waiting makes no sense.
pub(super) async fn lock(
    client: &Client,
    comment: u64,
    patience: &Patience,
    dice: &mut Dice,
    waiting: &mut Waiting<'_>,
) -> Result<Lock, GitHubError> {
    let started = Instant::now();
    let (mut lost, mut pause) = (0, patience.pause);
    let mut seen: Option<(u64, Instant)> = None;
    let request = routes::react(&client.repo, comment, REACTION);
    loop {
        let asked = Instant::now();
        match ask(client, &request).await {
            Ok((true, reaction)) => return Ok(Lock::Held { reaction, until: asked + patience.lease }),
            Ok((false, reaction)) => {
                lost = 0;
                // From the answer on: the lock may be younger than the question.
                let since = seen.filter(|(id, _)| *id == reaction).map_or_else(Instant::now, |(_, since)| since);
                seen = Some((reaction, since));
                if since.elapsed() >= patience.stale && unlock(client, comment, reaction).await.is_err() {
                    return Ok(Lock::Busy);
                }
            }
            Err(error) if error.status().is_some() => return Ok(Lock::Impossible),
            Err(error) if out_of_time(&error) || !error.is_lost() => return Err(error),
            Err(_) if lost >= MOST_LOST => return Ok(Lock::Impossible),
            Err(_) => lost += 1,
        }
        if started.elapsed() >= patience.wait {
            return Ok(Lock::Busy);
        }
        if started.elapsed() >= patience.pause * USUAL_PAUSES
            && let Some(tell) = waiting.take()
        {
            tell("another job is writing the comment; waiting for it");
        }
        sleep(dice.around(pause)).await;
        pause = (pause * 3 / 2).min(patience.pause * 40);
    }
}

/// Takes a lock off, by its number. One that is gone already is fine.
pub(super) async fn unlock(client: &Client, comment: u64, reaction: u64) -> Result<(), GitHubError> {
    match client.send(&routes::unreact(&client.repo, comment, reaction)).await {
        Err(error) if !matches!(error.status(), Some(404 | 410)) => Err(error),
        _ => Ok(()),
    }
}

/// Whether the reaction is new, and its number.
async fn ask(client: &Client, request: &crate::request::Request) -> Result<(bool, u64), GitHubError> {
    let answer = client.send(request).await?;
    let reaction: Reaction = serde_json::from_slice(&answer.body).map_err(|error| shape(request, &answer, &error))?;
    Ok((answer.status == 201, reaction.id))
}

/// Nothing more can be sent.
pub(super) fn out_of_time(error: &GitHubError) -> bool {
    matches!(error, GitHubError::Http { source: HttpError::OutOfTime { .. }, .. })
}

/// Spreads the waiting of jobs that wait for each other (SplitMix64).
#[derive(Debug)]
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// Between half and one and a half of a time.
    pub(super) fn around(&mut self, time: Duration) -> Duration {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        time.mul_f64(0.5 + ((bits ^ (bits >> 31)) >> 32) as f64 / f64::from(u32::MAX))
    }
}
