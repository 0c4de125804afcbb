//! Remembers deliveries, so that each is handled once.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Delivery, WebhookError};

/// The deliveries of the last minutes. Older ones need not be known, since [`super::verify`] refuses them; so the tolerance
/// must be that of `verify`, or more. It is kept in memory: after a restart, deliveries may be let in once more.
#[derive(Debug, Clone)]
pub struct Seen {
    /// By time, so that the oldest are first.
    held: BTreeSet<(u64, String)>,
    tolerance: u64,
    most: usize,
    /// Whatever is older is forgotten; it never goes back, even if the clock does.
    horizon: u64,
}

impl Seen {
    /// Of no delivery yet, and of at most so many at a time.
    pub fn new(tolerance: Duration, most: usize) -> Self {
        Self { held: BTreeSet::new(), tolerance: tolerance.as_secs(), most, horizon: 0 }
    }

    /// Remembers a delivery that was verified, at the time that it was verified with.
    ///
    /// # Errors
    /// [`WebhookError::Repeated`] where it came before, [`WebhookError::TooMany`] where no room is left: nothing is forgotten
    /// for another, [`WebhookError::Stale`] where it may have been forgotten.
    pub fn admit(&mut self, delivery: &Delivery, now: u64) -> Result<(), WebhookError> {
        self.horizon = self.horizon.max(now.saturating_sub(self.tolerance));
        while self.held.first().is_some_and(|(timestamp, _)| *timestamp < self.horizon) {
            self.held.pop_first();
        }
        let entry = (delivery.timestamp, delivery.id.clone());
        if delivery.timestamp < self.horizon {
            return Err(WebhookError::Stale { seconds: now.saturating_sub(delivery.timestamp) });
        }
        if self.held.contains(&entry) {
            return Err(WebhookError::Repeated);
        }
        if self.held.len() >= self.most {
            return Err(WebhookError::TooMany);
        }
        self.held.insert(entry);
        Ok(())
    }

    /// Forgets a delivery that could not be handled, so that its next try is let in.
    pub fn forget(&mut self, delivery: &Delivery) {
        self.held.remove(&(delivery.timestamp, delivery.id.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::Event;

    fn delivery(id: &str, timestamp: u64) -> Delivery {
        let event = Event::Other { entity: "prompt".to_owned(), action: "created".to_owned() };
        Delivery { id: id.to_owned(), timestamp, event }
    }

    #[test]
    fn a_delivery_is_let_in_once() {
        let mut seen = Seen::new(Duration::from_secs(10), 100);
        assert_eq!(seen.admit(&delivery("a", 100), 100), Ok(()));
        assert_eq!(seen.admit(&delivery("a", 100), 110), Err(WebhookError::Repeated));
        assert_eq!(seen.admit(&delivery("b", 100), 110), Ok(()));
        seen.forget(&delivery("a", 100));
        assert_eq!(seen.admit(&delivery("a", 100), 110), Ok(()));
        assert_eq!(seen.admit(&delivery("b", 100), 110), Err(WebhookError::Repeated));
    }

    #[test]
    fn what_was_forgotten_is_not_let_in_even_if_the_clock_goes_back() {
        let mut seen = Seen::new(Duration::from_secs(10), 100);
        assert_eq!(seen.admit(&delivery("a", 100), 100), Ok(()));
        assert_eq!(seen.admit(&delivery("b", 111), 111), Ok(()));
        assert_eq!(seen.held.len(), 1);
        assert_eq!(seen.admit(&delivery("a", 100), 105), Err(WebhookError::Stale { seconds: 5 }));
    }

    #[test]
    fn no_delivery_makes_room_for_another_while_it_could_come_again() {
        let mut seen = Seen::new(Duration::from_secs(10), 2);
        assert_eq!(seen.admit(&delivery("a", 100), 100), Ok(()));
        assert_eq!(seen.admit(&delivery("b", 105), 105), Ok(()));
        assert_eq!(seen.admit(&delivery("c", 110), 110), Err(WebhookError::TooMany));
        assert_eq!(seen.admit(&delivery("c", 110), 111), Ok(()));
        assert_eq!(seen.admit(&delivery("a", u64::MAX), 0), Err(WebhookError::TooMany));
    }
}
