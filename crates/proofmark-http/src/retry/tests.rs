use std::cell::{Cell, RefCell};

use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

use super::*;

type Outcome = Result<Answer, Failure>;

fn answer(status: u16, headers: &[(&'static str, &'static str)]) -> Outcome {
    let headers: HeaderMap = headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect();
    Ok(Answer { status, headers, body: Vec::new() })
}

fn plain(status: u16) -> Outcome {
    answer(status, &[])
}

fn lost() -> Outcome {
    Err(Failure::Lost("connection reset".into()))
}

fn not_sent() -> Outcome {
    Err(Failure::NotSent("connection refused".into()))
}

fn no_hook(_: &Answer) -> Option<Duration> {
    None
}

/// What became of a request whose tries end as scripted; the last outcome comes again and again.
struct Run {
    result: Result<u16, HttpError>,
    tries: u32,
    took: Duration,
}

async fn run(budget: Budget, repeat: Repeat, hook: fn(&Answer) -> Option<Duration>, script: Vec<Outcome>) -> Run {
    let retrier = Retrier::new(budget, 7);
    let started = Instant::now();
    let script = RefCell::new(script);
    let attempt = || {
        let mut script = script.borrow_mut();
        let outcome = if script.len() > 1 { script.remove(0) } else { script[0].clone() };
        async { outcome }
    };
    let result = retrier.send(repeat, hook, attempt).await.map(|answer| answer.status);
    Run { result, tries: retrier.requests(), took: started.elapsed() }
}

async fn simple(repeat: Repeat, script: Vec<Outcome>) -> Run {
    run(Budget::default(), repeat, no_hook, script).await
}

#[tokio::test(start_paused = true)]
async fn reads_come_again_until_they_are_answered() {
    for trouble in [plain(500), plain(502), plain(503), plain(504), plain(408), plain(429), lost(), not_sent()] {
        let run = simple(Repeat::Freely, vec![trouble.clone(), trouble.clone(), plain(200)]).await;
        assert_eq!((run.result, run.tries), (Ok(200), 3), "{trouble:?}");
        assert!(run.took <= Duration::from_millis(250 + 500 + 10), "{trouble:?}: {:?}", run.took);
    }
}

#[tokio::test(start_paused = true)]
async fn settled_answers_are_given_back_at_once() {
    for repeat in [Repeat::Freely, Repeat::IfRefused] {
        for status in [200, 201, 204, 302, 304, 400, 401, 403, 404, 409, 410, 422] {
            let run = simple(repeat, vec![plain(status)]).await;
            assert_eq!((run.result, run.tries, run.took), (Ok(status), 1, Duration::ZERO));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_is_repeated_only_when_nothing_was_done() {
    let refused = answer(403, &[("retry-after", "1")]);
    for nothing_done in [not_sent(), plain(429), refused, answer(429, &[("retry-after", "1")])] {
        let run = simple(Repeat::IfRefused, vec![nothing_done.clone(), plain(201)]).await;
        assert_eq!((run.result, run.tries), (Ok(201), 2), "{nothing_done:?}");
    }
    for unknown in [lost(), plain(408), plain(500), plain(502), answer(503, &[("retry-after", "1")])] {
        let run = run(Budget::default(), Repeat::IfRefused, |_| Some(Duration::from_secs(1)), vec![unknown.clone(), plain(201)]).await;
        let given_back = unknown.as_ref().ok().map(|answer| answer.status);
        assert!(run.result == given_back.ok_or(HttpError::Lost { detail: "connection reset".into() }), "{unknown:?}: {:?}", run.result);
        assert_eq!(run.tries, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn after_the_last_try_its_outcome_is_told() {
    let budget = Budget { attempts: 3, ..Budget::default() };
    for (trouble, end) in [
        (plain(502), Ok(502)),
        (plain(429), Ok(429)),
        (lost(), Err(HttpError::NoAnswer { detail: "connection reset".into() })),
        (not_sent(), Err(HttpError::NotReached { detail: "connection refused".into() })),
        (answer(429, &[("retry-after", "2")]), Err(HttpError::Limited { wait: Duration::from_secs(2) })),
    ] {
        let run = run(budget, Repeat::Freely, no_hook, vec![trouble]).await;
        assert_eq!((run.result, run.tries), (end, 3));
    }
    let none = run(Budget { attempts: 0, ..budget }, Repeat::Freely, no_hook, vec![plain(502)]).await;
    assert_eq!((none.result, none.tries), (Ok(502), 1));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_too_long_is_not_asked_for_again() {
    let run = simple(Repeat::Freely, vec![Err(Failure::TooLarge { limit: 9 })]).await;
    assert_eq!((run.result, run.tries), (Err(HttpError::TooLarge { limit: 9 }), 1));
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_obeyed_exactly() {
    let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
    for (refusal, seconds) in [
        (answer(429, &[("retry-after", "7")]), 7),
        (answer(403, &[date, ("retry-after", "Sun, 06 Nov 1994 08:49:48 GMT")]), 11),
        (answer(503, &[("retry-after", "3")]), 3),
        (answer(403, &[date, ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "784111797")]), 20),
    ] {
        let hook = |_: &Answer| Some(Duration::from_secs(60));
        let run = run(Budget::default(), Repeat::Freely, hook, vec![refusal.clone(), refusal, plain(200)]).await;
        assert_eq!((run.result, run.tries), (Ok(200), 3));
        assert_eq!(run.took.as_secs(), 2 * seconds);
    }
}

#[tokio::test(start_paused = true)]
async fn a_vendors_wait_doubles_in_a_row() {
    let hook = |answer: &Answer| (answer.status == 403).then_some(Duration::from_secs(10));
    let run = run(Budget::default(), Repeat::IfRefused, hook, vec![plain(403), plain(403), plain(403), plain(201)]).await;
    assert_eq!((run.result, run.tries, run.took.as_secs()), (Ok(201), 4, 10 + 20 + 40));
}

#[tokio::test(start_paused = true)]
async fn something_else_between_refusals_ends_the_row() {
    let hook = |answer: &Answer| (answer.status == 403).then_some(Duration::from_secs(10));
    let run = run(Budget::default(), Repeat::Freely, hook, vec![plain(403), plain(502), plain(403), plain(200)]).await;
    assert_eq!((run.result, run.took.as_secs()), (Ok(200), 20));
}

#[tokio::test(start_paused = true)]
async fn a_vendor_is_not_asked_about_good_answers() {
    let run = run(Budget::default(), Repeat::Freely, |_| Some(Duration::from_secs(10)), vec![plain(200)]).await;
    assert_eq!((run.result, run.tries), (Ok(200), 1));
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_does_not_fit_is_not_begun() {
    for (text, wait) in [("120", 120), ("99999999999999999999999", u64::MAX)] {
        let run = simple(Repeat::Freely, vec![answer(429, &[("retry-after", text)])]).await;
        assert_eq!(run.result, Err(HttpError::Limited { wait: Duration::from_secs(wait) }));
        assert_eq!((run.tries, run.took), (1, Duration::ZERO));
    }
    let fits = simple(Repeat::Freely, vec![answer(429, &[("retry-after", "119")]), plain(200)]).await;
    assert_eq!(fits.result, Ok(200));
}

#[tokio::test(start_paused = true)]
async fn the_time_bounds_each_try_and_all_of_them() {
    let total = Duration::from_secs(10);
    let never = || std::future::pending::<Outcome>();
    let retrier = Retrier::new(Budget { total, attempts: 5 }, 1);
    let started = Instant::now();
    let read = retrier.send(Repeat::Freely, no_hook, never).await;
    assert_eq!(read.expect_err("no time left"), HttpError::OutOfTime { total, detail: "timed out".into() });
    assert_eq!((retrier.requests(), started.elapsed().as_secs()), (1, 10));
    let late = retrier.send(Repeat::Freely, no_hook, never).await;
    assert_eq!(late.expect_err("no time left"), HttpError::OutOfTime { total, detail: "no try was made".into() });
    assert_eq!(retrier.requests(), 1);

    let retrier = Retrier::new(Budget { total, attempts: 5 }, 1);
    let change = retrier.send(Repeat::IfRefused, no_hook, never).await;
    assert_eq!(change.expect_err("no time left"), HttpError::Lost { detail: "timed out".into() });
}

#[tokio::test(start_paused = true)]
async fn endless_tries_end_with_the_time() {
    let total = Duration::from_secs(60);
    let run = run(Budget { total, attempts: u32::MAX }, Repeat::Freely, no_hook, vec![plain(503)]).await;
    assert_eq!(run.result, Err(HttpError::OutOfTime { total, detail: "the server answered 503".into() }));
    assert!(run.took <= total + Duration::from_millis(20), "{:?}", run.took);
    // Pauses average 4 s in the end, and shrink before the last second.
    assert!((10..200).contains(&run.tries), "{}", run.tries);
}

#[tokio::test(start_paused = true)]
async fn requests_at_once_share_time_and_count() {
    let total = Duration::from_secs(30);
    let retrier = Retrier::new(Budget { total, attempts: 9 }, 1);
    let first = Cell::new(0);
    let limited = || {
        first.set(first.get() + 1);
        let outcome = if first.get() == 1 { answer(429, &[("retry-after", "20")]) } else { answer(429, &[("retry-after", "11")]) };
        async { outcome }
    };
    let slow = || async {
        tokio::time::sleep(Duration::from_secs(29)).await;
        plain(200)
    };
    let started = Instant::now();
    let (limited, slow) = tokio::join!(retrier.send(Repeat::Freely, no_hook, limited), retrier.send(Repeat::Freely, no_hook, slow));
    assert_eq!(limited.expect_err("20 s are gone"), HttpError::Limited { wait: Duration::from_secs(11) });
    assert_eq!(slow.map(|answer| answer.status), Ok(200));
    assert_eq!((retrier.requests(), started.elapsed().as_secs()), (3, 29));
}

#[test]
fn retriers_can_be_shared_by_threads() {
    fn check<T: Send + Sync>(_: &T) {}
    check(&Retrier::new(Budget::default(), 1));
}

proptest! {
    #[test]
    fn pauses_are_spread_over_their_whole_range(seed in any::<u64>()) {
        let retrier = Retrier::new(Budget::default(), seed);
        for tries in 1..100 {
            let bound = 250 << (tries - 1).min(5);
            let pauses: Vec<_> = (0..40).map(|_| retrier.pause(tries).as_millis()).collect();
            prop_assert!(pauses.iter().all(|pause| *pause <= bound));
            // Each misses its half of the range with a chance of 2^-40.
            prop_assert!(pauses.iter().any(|pause| *pause < bound / 2) && pauses.iter().any(|pause| *pause > bound / 2));
        }
        prop_assert_eq!(Retrier::new(Budget::default(), seed).random(), Retrier::new(Budget::default(), seed).random());
    }
}
