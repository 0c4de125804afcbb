//! Several requests under way at once, on one thread.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

/// Runs futures side by side, `most` at a time, and gives their outputs in their order.
pub(crate) async fn join<F: Future>(futures: impl IntoIterator<Item = F>, most: usize) -> Vec<F::Output> {
    let mut waiting = futures.into_iter().enumerate();
    let mut running: Vec<(usize, Pin<Box<F>>)> = Vec::new();
    let mut done = Vec::new();
    poll_fn(|context| {
        loop {
            running.extend(waiting.by_ref().take(most.max(1) - running.len()).map(|(at, future)| (at, Box::pin(future))));
            let before = running.len();
            running.retain_mut(|(at, future)| match future.as_mut().poll(context) {
                Poll::Ready(output) => {
                    done.push((*at, output));
                    false
                }
                Poll::Pending => true,
            });
            if before == 0 {
                return Poll::Ready(());
            }
            // Where some have ended there is room for others, which must be polled once to get going.
            if running.len() == before {
                return Poll::Pending;
            }
        }
    })
    .await;
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, output)| output).collect()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::Duration;

    use super::*;

    #[test]
    fn all_run_in_order_and_only_so_many_at_once() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let (running, highest) = (Cell::new(0), Cell::new(0));
        let work = |number: u64| {
            let (running, highest) = (&running, &highest);
            async move {
                running.set(running.get() + 1);
                highest.set(running.get().max(highest.get()));
                tokio::time::sleep(Duration::from_millis(number * 7 % 5)).await;
                running.set(running.get() - 1);
                number
            }
        };
        let outputs = runtime.block_on(join((0..30).map(work), 8));
        assert_eq!(outputs, (0..30).collect::<Vec<_>>());
        assert_eq!((running.get(), highest.get()), (0, 8));
        assert_eq!(runtime.block_on(join((0..0).map(work), 8)), Vec::<u64>::new());
    }
}
