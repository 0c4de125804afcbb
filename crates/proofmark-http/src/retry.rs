//! Repeats what may be repeated, within the budget.

use std::future::Future;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::{Answer, Budget, Failure, HttpError, limit};

/// The longest first pause; each further one may be twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// Whether a request may be made twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// It reads, or its second time changes nothing.
    Freely,
    /// It makes something: repeated only when the server surely did nothing.
    IfRefused,
}

/// Repeats requests within one budget for all of them.
#[derive(Debug)]
pub struct Retrier {
    budget: Budget,
    started: Instant,
    requests: AtomicU32,
    random: AtomicU64,
}

impl Retrier {
    /// Starts the clock. `seed` spreads the waiting of several runs at once.
    pub fn new(budget: Budget, seed: u64) -> Self {
        Self { budget, started: Instant::now(), requests: AtomicU32::new(0), random: AtomicU64::new(seed) }
    }

    /// How many tries were made so far, of all requests together.
    pub fn requests(&self) -> u32 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Sends until there is an answer that settles the matter: any status but those that ask to come again.
    ///
    /// Those are 429, a 403 that names a limit, and for [`Repeat::Freely`] also 408 and 5xx. `limited` says how long a refusal
    /// (a status from 400 on) asks to wait, where a vendor says it in its own way and no standard header does; the wait doubles
    /// with each refusal in a row.
    ///
    /// # Errors
    /// See [`HttpError`]. An answer that [is broken](Answer::is_broken) is given back as it is: to [`Repeat::IfRefused`] at once,
    /// to [`Repeat::Freely`] once the tries are used up. A limit that outlasts the budget is [`HttpError::Limited`], at once.
    pub async fn send<F, Fut>(&self, repeat: Repeat, limited: fn(&Answer) -> Option<Duration>, mut attempt: F) -> Result<Answer, HttpError>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<Answer, Failure>>,
    {
        let (mut tries, mut refusals) = (0, 0);
        let mut last = "no try was made".to_owned();
        loop {
            let left = self.left();
            if left.is_zero() {
                return Err(HttpError::OutOfTime { total: self.budget.total, detail: last });
            }
            self.requests.fetch_add(1, Ordering::Relaxed);
            let outcome = tokio::time::timeout(left, attempt()).await;
            tries += 1;
            let exhausted = tries >= self.budget.attempts;
            let pause = match judge(repeat, outcome.unwrap_or_else(|_| Err(Failure::Lost("timed out".into()))), limited, refusals) {
                Verdict::Settled(result) => return result,
                Verdict::Limited(wait) if exhausted || wait >= self.left() => return Err(HttpError::Limited { wait }),
                Verdict::Limited(wait) => {
                    refusals += 1;
                    "the server limits requests".clone_into(&mut last);
                    wait
                }
                Verdict::Again(result) if exhausted => return result,
                Verdict::Again(result) => {
                    refusals = 0;
                    last = in_words(result);
                    // Near the end of the time a shorter pause still leaves room for a try.
                    self.pause(tries).min(self.left() / 2)
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    fn left(&self) -> Duration {
        self.budget.total.saturating_sub(self.started.elapsed())
    }

    /// Anything from nothing to a bound that doubles with each try, so that many runs do not come back together.
    fn pause(&self, tries: u32) -> Duration {
        let bound = FIRST_PAUSE.saturating_mul(1_u32.checked_shl(tries - 1).unwrap_or(u32::MAX)).min(LONGEST_PAUSE);
        bound.mul_f64(self.random())
    }

    /// From 0 to 1: SplitMix64, whose state is a counter that concurrent requests can share.
    fn random(&self) -> f64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut bits = self.random.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 32) as f64 / f64::from(u32::MAX)
    }
}

/// What one try leads to.
enum Verdict {
    /// This is the end of it.
    Settled(Result<Answer, HttpError>),
    /// The server did nothing, and says when to come again.
    Limited(Duration),
    /// Another try may help; if there is none left, this is the end of it.
    Again(Result<Answer, HttpError>),
}

fn judge(repeat: Repeat, outcome: Result<Answer, Failure>, limited: fn(&Answer) -> Option<Duration>, refusals: u32) -> Verdict {
    let answer = match (outcome, repeat) {
        (Ok(answer), _) => answer,
        (Err(Failure::NotSent(detail)), _) => return Verdict::Again(Err(HttpError::NotReached { detail })),
        (Err(Failure::Lost(detail)), Repeat::Freely) => return Verdict::Again(Err(HttpError::NoAnswer { detail })),
        (Err(Failure::Lost(detail)), Repeat::IfRefused) => return Verdict::Settled(Err(HttpError::Lost { detail })),
        (Err(Failure::TooLarge { limit }), _) => return Verdict::Settled(Err(HttpError::TooLarge { limit })),
    };
    let broken = answer.is_broken();
    if answer.status < 400 || (broken && repeat == Repeat::IfRefused) {
        return Verdict::Settled(Ok(answer));
    }
    let doubled = |wait: Duration| wait.saturating_mul(1_u32.checked_shl(refusals).unwrap_or(u32::MAX));
    match limit::asked_wait(&answer).or_else(|| limited(&answer).map(doubled)) {
        Some(wait) => Verdict::Limited(wait),
        None if broken || answer.status == 429 => Verdict::Again(Ok(answer)),
        None => Verdict::Settled(Ok(answer)),
    }
}

fn in_words(result: Result<Answer, HttpError>) -> String {
    match result {
        Ok(answer) => format!("the server answered {}", answer.status),
        Err(HttpError::NotReached { detail } | HttpError::NoAnswer { detail }) => detail,
        Err(error) => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
