//! Deliveries as events of any sender.

use proofmark_core::event::{Event, Kind, Model, Sender};

use super::{Delivery, MOST_BYTES, WebhookError, event};

/// The event that a delivery tells of, by its id and time.
pub fn of_delivery(delivery: &Delivery) -> Event {
    let mut event = of_event(&delivery.event);
    event.id = Some(delivery.id.clone());
    event.time = Some(delivery.timestamp);
    event
}

/// The event that the body of a delivery tells of. Whose delivery it was, and when, is the caller's to know.
pub fn of_event(told: &event::Event) -> Event {
    use event::Event as Told;
    let mut event = Event::new(Sender::Mlflow, kind(told));
    event.action = Some(action(told).to_owned());
    let name = match told {
        Told::AliasSet { model, .. }
        | Told::AliasDeleted { model, .. }
        | Told::VersionCreated { model, .. }
        | Told::TagSet { model, .. }
        | Told::TagDeleted { model, .. }
        | Told::ModelCreated { model, .. } => model,
        Told::Other { .. } => return event,
    };
    let mut model = Model::new(name.as_str());
    match told {
        Told::AliasSet { alias, version, .. } => (model.alias, model.version) = (Some(alias.clone()), Some(*version)),
        Told::AliasDeleted { alias, .. } => model.alias = Some(alias.clone()),
        Told::VersionCreated { version, run, .. } => (model.version, model.run) = (Some(*version), run.clone()),
        Told::TagSet { version, key, value, .. } => {
            (model.version, model.tag, model.value) = (Some(*version), Some(key.clone()), Some(value.clone()));
        }
        Told::TagDeleted { version, key, .. } => (model.version, model.tag) = (Some(*version), Some(key.clone())),
        Told::ModelCreated { .. } | Told::Other { .. } => {}
    }
    event.model = Some(model);
    event
}

/// Reads a body that nobody signed: a file of one's own. What comes over a network goes through [`super::verify`].
///
/// # Errors
/// [`WebhookError::TooLarge`], or [`WebhookError::Body`] for what is not what MLflow writes.
pub fn read_body(body: &[u8]) -> Result<event::Event, WebhookError> {
    if body.len() > MOST_BYTES {
        return Err(WebhookError::TooLarge);
    }
    event::Event::parse(body).map_err(|why| WebhookError::Body { why })
}

fn kind(told: &event::Event) -> Kind {
    use event::Event as Told;
    match told {
        Told::AliasSet { .. } | Told::AliasDeleted { .. } => Kind::ModelAlias,
        Told::VersionCreated { .. } => Kind::ModelVersion,
        Told::TagSet { .. } | Told::TagDeleted { .. } => Kind::ModelTag,
        Told::ModelCreated { .. } => Kind::Model,
        // A kind has to have a name.
        Told::Other { entity, .. } if entity.is_empty() => Kind::Other("unknown".to_owned()),
        Told::Other { entity, .. } => Kind::Other(entity.clone()),
    }
}

fn action(told: &event::Event) -> &str {
    use event::Event as Told;
    match told {
        Told::AliasSet { .. } | Told::TagSet { .. } => "set",
        Told::AliasDeleted { .. } | Told::TagDeleted { .. } => "deleted",
        Told::VersionCreated { .. } | Told::ModelCreated { .. } => "created",
        Told::Other { action, .. } => action,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(body: &str) -> Event {
        of_event(&read_body(body.as_bytes()).expect("an event"))
    }

    fn model(event: &Event) -> &Model {
        event.model.as_ref().expect("a model")
    }

    #[test]
    fn each_event_has_a_name() {
        let set = of(r#"{"entity":"model_version_alias","action":"created","data":{"name":"m","alias":"champion","version":"12"}}"#);
        assert_eq!((set.sender, set.name().as_str()), (Sender::Mlflow, "model_alias.set"));
        assert_eq!((model(&set).name.as_str(), model(&set).alias.as_deref(), model(&set).version), ("m", Some("champion"), Some(12)));
        let gone = of(r#"{"entity":"model_version_alias","action":"deleted","data":{"name":"m","alias":"champion"}}"#);
        assert_eq!((gone.name().as_str(), model(&gone).alias.as_deref()), ("model_alias.deleted", Some("champion")));
        let version = of(
            r#"{"entity":"model_version","action":"created","data":{"name":"m","version":"3","run_id":"r","source":"s","tags":{"a":"b"}}}"#,
        );
        assert_eq!((version.name().as_str(), model(&version).version), ("model_version.created", Some(3)));
        assert_eq!(model(&version).run.as_deref(), Some("r"));
        let tag = of(r#"{"entity":"model_version_tag","action":"set","data":{"name":"m","version":"3","key":"stage","value":"ok"}}"#);
        assert_eq!((tag.name().as_str(), model(&tag).tag.as_deref()), ("model_tag.set", Some("stage")));
        assert_eq!((model(&tag).value.as_deref(), model(&tag).version), (Some("ok"), Some(3)));
        let off = of(r#"{"entity":"model_version_tag","action":"deleted","data":{"name":"m","version":"3","key":"stage"}}"#);
        assert_eq!((off.name().as_str(), model(&off).tag.as_deref()), ("model_tag.deleted", Some("stage")));
        let new = of(r#"{"entity":"registered_model","action":"created","data":{"name":"m","tags":{}}}"#);
        assert_eq!((new.name().as_str(), model(&new).name.as_str()), ("model.created", "m"));
        let other = of(r#"{"entity":"prompt","action":"created"}"#);
        assert_eq!((other.name().as_str(), &other.model), ("other:prompt.created", &None));
        assert_eq!(of(r#"{"entity":"","action":"created"}"#).name(), "other:unknown.created");
    }

    #[test]
    fn a_delivery_adds_its_id_and_time() {
        let told = event::Event::AliasDeleted { model: "m".to_owned(), alias: "a".to_owned() };
        let delivery = Delivery { id: "d-1".to_owned(), timestamp: 1_700_000_000, event: told.clone() };
        let mut event = of_delivery(&delivery);
        assert_eq!((event.id.as_deref(), event.time), (Some("d-1"), Some(1_700_000_000)));
        (event.id, event.time) = (None, None);
        assert_eq!(event, of_event(&told));
    }

    #[test]
    fn a_body_that_nobody_signed_is_bounded() {
        assert_eq!(read_body(&vec![b' '; MOST_BYTES + 1]), Err(WebhookError::TooLarge));
        assert!(matches!(read_body(b"{}"), Err(WebhookError::Body { .. })));
    }
}
