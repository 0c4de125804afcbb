//! Custom properties: what anybody may keep with a model, a version or an artifact.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// All custom properties of something, by name.
pub type Properties = BTreeMap<String, Property>;

/// What is to become of custom properties, by name; `None` takes one away.
pub type Changes = BTreeMap<String, Option<Property>>;

/// The value of a custom property.
#[derive(Debug, Clone, PartialEq)]
pub enum Property {
    /// A text.
    Text(String),
    /// A number with a fraction.
    Number(f64),
    /// A whole number, which the registry writes as a text.
    Integer(i64),
    /// Yes or no.
    Flag(bool),
    /// A document: an object. Clients write it in base64, and servers show it as it was or as JSON.
    Struct(Value),
    /// What only others understand. It is written back as it came.
    Other(Value),
}

impl Property {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Whether it is this text.
    pub fn is(&self, text: &str) -> bool {
        matches!(self, Self::Text(own) if own == text)
    }

    /// A text, or a whole number in digits: ids are kept as either.
    pub fn as_id(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Integer(number) => Some(Cow::Owned(number.to_string())),
            Self::Number(_) | Self::Flag(_) | Self::Struct(_) | Self::Other(_) => None,
        }
    }

    /// A number, where it is one.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            // Beyond 2^53 the nearest one.
            Self::Integer(number) => Some(*number as f64),
            Self::Text(_) | Self::Flag(_) | Self::Struct(_) | Self::Other(_) => None,
        }
    }

    /// As the registry writes it. What has fields that are not known is kept whole.
    pub fn from_json(value: &Value) -> Self {
        Self::known(value).unwrap_or_else(|| Self::Other(value.clone()))
    }

    fn known(value: &Value) -> Option<Self> {
        let fields = value.as_object()?;
        let kind = fields.get("metadataType")?.as_str()?;
        if fields.len() != 2 {
            return None;
        }
        match kind {
            "MetadataStringValue" => Some(Self::Text(fields.get("string_value")?.as_str()?.to_owned())),
            "MetadataDoubleValue" => Some(Self::Number(fields.get("double_value")?.as_f64()?)),
            "MetadataBoolValue" => Some(Self::Flag(fields.get("bool_value")?.as_bool()?)),
            "MetadataStructValue" => document(fields.get("struct_value")?.as_str()?).map(Self::Struct),
            "MetadataIntValue" => match fields.get("int_value")? {
                Value::String(digits) => digits.parse().ok().filter(|number: &i64| number.to_string() == *digits).map(Self::Integer),
                number => number.as_i64().map(Self::Integer),
            },
            _ => None,
        }
    }

    /// As the registry takes it.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Text(text) => json!({"metadataType": "MetadataStringValue", "string_value": text}),
            Self::Number(number) => json!({"metadataType": "MetadataDoubleValue", "double_value": number}),
            Self::Integer(number) => json!({"metadataType": "MetadataIntValue", "int_value": number.to_string()}),
            Self::Flag(flag) => json!({"metadataType": "MetadataBoolValue", "bool_value": flag}),
            // Servers show JSON and take base64 alone.
            Self::Struct(value) => json!({"metadataType": "MetadataStructValue", "struct_value": STANDARD.encode(value.to_string())}),
            Self::Other(value) => value.clone(),
        }
    }
}

fn document(text: &str) -> Option<Value> {
    let plain = serde_json::from_str(text).ok();
    let value: Value = plain.or_else(|| serde_json::from_slice(&STANDARD.decode(text).ok()?).ok())?;
    value.is_object().then_some(value)
}

/// The properties of something with these changes.
pub(super) fn changed(before: &Properties, changes: &Changes) -> Properties {
    let mut after = before.clone();
    for (name, value) in changes {
        match value {
            Some(value) => after.insert(name.clone(), value.clone()),
            None => after.remove(name),
        };
    }
    after
}

/// Whether nothing is left to change.
pub(super) fn is_done(now: &Properties, changes: &Changes) -> bool {
    changes.iter().all(|(name, value)| now.get(name) == value.as_ref())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn all_forms_are_read_and_written() {
        let cases = [
            (json!({"metadataType": "MetadataDoubleValue", "double_value": 0.93}), Property::Number(0.93)),
            (json!({"metadataType": "MetadataIntValue", "int_value": "-3"}), Property::Integer(-3)),
            (json!({"metadataType": "MetadataStringValue", "string_value": ""}), Property::text("")),
            (json!({"metadataType": "MetadataBoolValue", "bool_value": false}), Property::Flag(false)),
            (json!({"metadataType": "MetadataStructValue", "struct_value": "eyJhIjoxfQ=="}), Property::Struct(json!({"a": 1}))),
        ];
        for (written, property) in cases {
            assert_eq!((Property::from_json(&written), property.to_json()), (property.clone(), written));
        }
        let shown = json!({"metadataType": "MetadataStructValue", "struct_value": "{\"a\":1}"});
        assert_eq!(Property::from_json(&shown), Property::Struct(json!({"a": 1})));
    }

    #[test]
    fn what_is_not_understood_comes_back_as_it_was() {
        for value in [
            json!({"metadataType": "MetadataProtoValue", "type": "x/y", "proto_value": "AA=="}),
            json!({"metadataType": "MetadataStringValue", "string_value": "a", "more": 1}),
            json!({"metadataType": "MetadataIntValue", "int_value": "007"}),
            json!({"metadataType": "MetadataIntValue", "int_value": "99999999999999999999"}),
            json!({"metadataType": "MetadataDoubleValue", "double_value": "NaN"}),
            json!({"metadataType": "MetadataStructValue", "struct_value": "?"}),
            json!({"metadataType": "MetadataStructValue", "struct_value": "[1]"}),
            json!({"string_value": "a"}),
            json!(null),
            json!([1]),
        ] {
            let read = Property::from_json(&value);
            assert_eq!((read.to_json(), &read), (value.clone(), &Property::Other(value)));
        }
    }

    #[test]
    fn ids_and_numbers() {
        assert_eq!(Property::Integer(7).as_id().as_deref(), Some("7"));
        assert_eq!(Property::text("a").as_id().as_deref(), Some("a"));
        assert_eq!((Property::Flag(true).as_id(), Property::Integer(2).as_f64(), Property::text("2").as_f64()), (None, Some(2.0), None));
    }

    fn property() -> impl Strategy<Value = Property> {
        prop_oneof![
            ".*".prop_map(Property::Text),
            any::<f64>().prop_filter("JSON has no others", |number| number.is_finite()).prop_map(Property::Number),
            any::<i64>().prop_map(Property::Integer),
            any::<bool>().prop_map(Property::Flag),
            ".*".prop_map(|text| Property::Struct(json!({"a": [text]}))),
        ]
    }

    proptest! {
        #[test]
        fn nothing_is_lost_on_the_way(property in property()) {
            let text = property.to_json().to_string();
            let read = Property::from_json(&serde_json::from_str(&text).expect("JSON"));
            prop_assert_eq!(read, property);
        }

        #[test]
        fn changes_touch_only_what_they_name(
            before in prop::collection::btree_map("[a-c]", property(), 0..3),
            changes in prop::collection::btree_map("[a-c]", prop::option::of(property()), 0..3),
        ) {
            let after = changed(&before, &changes);
            prop_assert!(is_done(&after, &changes));
            for name in ["a", "b", "c"] {
                if !changes.contains_key(name) {
                    prop_assert_eq!(before.get(name), after.get(name));
                }
            }
        }
    }
}
