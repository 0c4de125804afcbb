//! A signed request to any server. The key is its delivery: whoever takes it can tell a repetition.

use std::time::Duration;

use proofmark_http::{Budget, HttpError, Repeat, Retrier, Runtime, Secret};
use proofmark_trigger::target::{Fault, Origin, Receipt, Target, TargetError};
use proofmark_trigger::{Call, PastRun, StepResult};
use serde_json::{Map, Value, json};

use super::{handed_over, was_sent};
use crate::network;
use crate::trigger::Now;

/// One try of the request, in seconds.
const TIMEOUT: u64 = 30;
/// Bytes of an answer that are read at most.
const LONGEST_ANSWER: usize = 64 << 10;

pub(super) struct Webhook<'a> {
    now: &'a Now<'a>,
}

impl<'a> Webhook<'a> {
    pub(super) fn new(now: &'a Now<'a>) -> Self {
        Self { now }
    }

    fn secret(&self, name: &str) -> Result<Secret, TargetError> {
        let wrong = |why: &str| TargetError::input(format!("the variable `{name}` with the secret {why}"));
        let value = self.now.world.var(name).ok_or_else(|| wrong("is not set").hint("a webhook is never sent without a signature"))?;
        Secret::parse(value).map_err(&wrong)?.ok_or_else(|| wrong("is empty"))
    }

    fn body(&self, body: &std::collections::BTreeMap<String, Value>, key: &str) -> Vec<u8> {
        let event = &self.now.source.event;
        let mut fields: Map<String, Value> = body.clone().into_iter().collect();
        // What is always there says what it is about, whatever a rule adds.
        let about =
            json!({"key": key, "event": event.name(), "repository": event.repository, "branch": event.branch, "commit": event.head.commit});
        fields.insert("proofmark".to_owned(), about);
        Value::Object(fields).to_string().into_bytes()
    }

    fn send(&self, url: &str, secret: &Secret, key: &str, body: &[u8]) -> Result<(), TargetError> {
        let network = network::settings(self.now.world, TIMEOUT)?;
        let runtime = Runtime::start().map_err(|error| TargetError::outside(error.to_string()))?;
        let client = proofmark_http::client(&network).map_err(|error| TargetError::input(error.to_string()))?;
        let budget = Budget { total: Duration::from_secs(120), ..Budget::default() };
        let retrier = runtime.block_on(async { Retrier::new(budget, self.now.world.random()) });
        let attempt = || {
            // Signed anew each time: the time is part of it.
            let time = self.now.world.now().to_string();
            let signature = proofmark_http::signature(secret, &time, body);
            let request = http_request(url, key, &time, &signature, body);
            let client = &client;
            async move {
                let request = request.map_err(|error| proofmark_http::Failure::NotSent(error.to_string()))?;
                proofmark_http::send(client, request, LONGEST_ANSWER).await
            }
        };
        let answer = runtime.block_on(retrier.send(Repeat::Freely, |_| None, attempt));
        match answer {
            Ok(answer) if answer.is_success() => Ok(()),
            Ok(answer) => Err(TargetError::outside(format!("the server answered {}", answer.status))),
            Err(error @ (HttpError::NoAnswer { .. } | HttpError::Lost { .. } | HttpError::OutOfTime { .. })) => {
                let told = TargetError::outside(format!("no answer came: {error}"));
                Err(TargetError { fault: Fault::Doubt, ..told }.hint("the key tells the receiver what it has already"))
            }
            Err(error) => Err(TargetError::outside(format!("it could not be sent: {error}"))),
        }
    }
}

fn http_request(url: &str, key: &str, time: &str, signature: &str, body: &[u8]) -> Result<http::Request<Vec<u8>>, http::Error> {
    http::Request::post(url)
        .header("Content-Type", "application/json")
        .header("Idempotency-Key", key)
        .header("X-Proofmark-Delivery", key)
        .header("X-Proofmark-Timestamp", time)
        .header("X-Proofmark-Signature-256", signature)
        .body(body.to_vec())
}

impl Target for Webhook<'_> {
    fn check(&self, call: &Call) -> Result<(), TargetError> {
        let Call::Webhook { secret_env, .. } = call else { return Err(other()) };
        self.secret(secret_env).map(drop)
    }

    fn start(&self, call: &Call, key: &str) -> Result<Receipt, TargetError> {
        let Call::Webhook { url, body, secret_env } = call else { return Err(other()) };
        if was_sent(key, self.now)? {
            return Ok(handed_over(Origin::Earlier));
        }
        let secret = self.secret(secret_env)?;
        self.send(url, &secret, key, &self.body(body, key))?;
        Ok(handed_over(Origin::New))
    }

    fn wait(&self, _: &Call, _: &Receipt, _: Option<u64>) -> Result<StepResult, TargetError> {
        Err(TargetError::input("what a webhook starts cannot be waited for"))
    }

    fn past(&self, _: &Call) -> Result<Vec<PastRun>, TargetError> {
        Ok(Vec::new())
    }

    fn stop(&self, _: &Call, _: &str) -> Result<(), TargetError> {
        Err(TargetError::input("what a webhook started cannot be stopped").hint("`busy = \"queue\"` or `\"reject\"` do without"))
    }
}

fn other() -> TargetError {
    TargetError::input("this is no webhook")
}
