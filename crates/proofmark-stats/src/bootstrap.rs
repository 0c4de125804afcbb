//! Resampling: what the difference of two models would have been on other rows of the same kind (Efron, Tibshirani 1993).
//!
//! Both models are always evaluated on the same resample. A resample draws as many units as there are, with replacement; a
//! unit is a row, or a cluster of rows that belong together. The stream of random numbers belongs to the index of the
//! resample, so the result does not depend on the number of threads.

mod bca;
mod exact;
mod judge;
mod replicates;
mod weights;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::binomial_draw::multinomial;
use crate::counts::{Cells, CountMetric};
use crate::random::Stream;

pub use self::bca::{Bca, bca_interval, cells_jackknife};
pub use self::exact::ExactDifference;
pub use self::judge::{Judging, Sketch};
pub use self::replicates::Replicates;
use self::weights::PoissonPairs;
use crate::verdict::{NonInferiority, Reason};

/// How to resample.
#[derive(Clone, Copy)]
pub struct Resampling<'a> {
    /// How many resamples are drawn; each takes 8 bytes.
    pub resamples: u64,
    /// The same seed gives the same resamples, and more of them begin with the same.
    pub seed: u64,
    /// How many threads draw; 0 is 1.
    pub threads: usize,
    /// Is told, from any thread, how many resamples of how many are done.
    pub progress: Option<&'a (dyn Fn(u64, u64) + Sync)>,
}

impl Resampling<'_> {
    /// On one thread, and telling nobody.
    pub fn new(resamples: u64, seed: u64) -> Self {
        Self { resamples, seed, threads: 1, progress: None }
    }
}

/// Draws resamples of any statistic: it is given how often each unit is drawn, and says `None` where it is undefined (or NaN).
///
/// One draw takes about a nanosecond a unit, beside the statistic.
pub fn resample(units: usize, how: &Resampling<'_>, estimate: f64, statistic: impl Fn(&[u8]) -> Option<f64> + Sync) -> Replicates {
    let sampler = PoissonPairs::new();
    let make = || {
        let mut weights = vec![0_u8; units];
        let (sampler, statistic) = (&sampler, &statistic);
        move |stream: &mut Stream| {
            sampler.draw(stream, &mut weights);
            statistic(&weights)
        }
    };
    run(how, estimate, make)
}

/// Draws resamples of the difference (head less base) of a metric of counts: one multinomial draw of eight cells each, so
/// the number of rows does not matter. Without rows, or undefined on the rows themselves: `None`.
pub fn count_replicates(cells: &Cells, metric: CountMetric, how: &Resampling<'_>) -> Option<Replicates> {
    let estimate = metric.difference(cells)?;
    let (rows, shares) = (cells.rows(), cells.0.map(|count| count as f64));
    Some(run(how, estimate, || |stream: &mut Stream| metric.difference(&Cells(multinomial(stream, rows, &shares)))))
}

/// A resampled difference that was judged.
#[derive(Debug, Clone, PartialEq)]
pub struct PairedBootstrap {
    /// The resamples that decided.
    pub replicates: Replicates,
    /// What follows.
    pub result: NonInferiority,
}

/// Draws and judges; where the limit is too near to the margin for this many resamples, once more with ten times as many.
pub fn paired_bootstrap(
    judging: &Judging,
    how: &Resampling<'_>,
    draw: impl Fn(&Resampling<'_>) -> Option<Replicates>,
) -> Option<PairedBootstrap> {
    let replicates = draw(how)?;
    let result = replicates.judge(judging);
    if result.reason != Some(Reason::MonteCarloError) {
        return Some(PairedBootstrap { replicates, result });
    }
    let replicates = draw(&Resampling { resamples: how.resamples.saturating_mul(10), ..*how })?;
    let result = replicates.judge(judging);
    Some(PairedBootstrap { replicates, result })
}

/// Resamples on several threads; `make` gives each its own statistic with its own memory.
fn run<Statistic>(how: &Resampling<'_>, estimate: f64, make: impl Fn() -> Statistic + Sync) -> Replicates
where
    Statistic: FnMut(&mut Stream) -> Option<f64>,
{
    let (next, done) = (AtomicU64::new(0), AtomicU64::new(0));
    let all = Mutex::new(Vec::new());
    let work = || {
        let mut statistic = make();
        let mut values = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= how.resamples {
                break;
            }
            values.extend(statistic(&mut Stream::new(how.seed, index)).filter(|value| !value.is_nan()));
            if let Some(progress) = how.progress {
                progress(done.fetch_add(1, Ordering::Relaxed) + 1, how.resamples);
            }
        }
        // A panic of another thread is passed on by the scope; the values are whole anyway.
        all.lock().unwrap_or_else(std::sync::PoisonError::into_inner).append(&mut values);
    };
    std::thread::scope(|scope| {
        for _ in 1..how.threads {
            // Where no thread can be had, this one does all the work.
            if std::thread::Builder::new().spawn_scoped(scope, work).is_err() {
                break;
            }
        }
        work();
    });
    let values = all.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    Replicates::new(estimate, values, how.resamples)
}

#[cfg(test)]
mod tests;
