//! What Jenkins' JSON holds, as far as it is used. Lists may hold empty objects, and anything may be `null`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// A job, a folder or a multibranch project.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct JobAnswer {
    pub(super) url: Option<String>,
    pub(super) buildable: Option<bool>,
    #[serde(rename = "nextBuildNumber")]
    pub(super) next_build: Option<u64>,
    pub(super) property: Option<Vec<Option<Property>>>,
    pub(super) jobs: Option<Vec<Child>>,
}

/// A property of a job: the one that is looked for has definitions.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Property {
    #[serde(rename = "parameterDefinitions")]
    pub(super) definitions: Option<Vec<DefinitionAnswer>>,
}

/// The definition of a parameter.
#[derive(Debug, Deserialize)]
pub(super) struct DefinitionAnswer {
    pub(super) name: String,
    #[serde(rename = "type", default)]
    pub(super) kind: Option<String>,
    #[serde(default)]
    pub(super) choices: Value,
    #[serde(rename = "defaultParameterValue", default)]
    pub(super) default: Option<ParameterAnswer>,
}

/// A value of a parameter.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ParameterAnswer {
    pub(super) name: Option<String>,
    pub(super) value: Value,
}

impl ParameterAnswer {
    /// The value, where it is one that can be compared.
    pub(super) fn text(&self) -> Option<String> {
        match &self.value {
            Value::String(text) => Some(text.clone()),
            Value::Bool(value) => Some(value.to_string()),
            Value::Number(value) => Some(value.to_string()),
            _ => None,
        }
    }
}

/// What is inside of a folder.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Child {
    pub(super) name: String,
    #[serde(rename = "displayName")]
    pub(super) display_name: Option<String>,
}

/// The queue.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct QueueAnswer {
    pub(super) items: Vec<Item>,
}

/// An item of the queue.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Item {
    pub(super) id: u64,
    pub(super) task: Option<Task>,
    pub(super) why: Option<String>,
    pub(super) stuck: Option<bool>,
    pub(super) cancelled: Option<bool>,
    pub(super) executable: Option<Executable>,
    /// In milliseconds since 1970.
    #[serde(rename = "inQueueSince")]
    pub(super) since: Option<u64>,
    pub(super) actions: Actions,
}

/// What an item is of.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Task {
    pub(super) url: Option<String>,
}

/// What became of an item.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Executable {
    pub(super) number: Option<u64>,
    pub(super) url: Option<String>,
}

/// Builds of a job.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct BuildsAnswer {
    #[serde(alias = "allBuilds")]
    pub(super) builds: Vec<BuildAnswer>,
}

/// A build.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct BuildAnswer {
    pub(super) number: u64,
    pub(super) url: Option<String>,
    #[serde(rename = "queueId")]
    pub(super) queue_id: Option<u64>,
    pub(super) building: Option<bool>,
    pub(super) result: Option<String>,
    pub(super) duration: Option<u64>,
    /// When it began, in milliseconds since 1970.
    pub(super) timestamp: Option<u64>,
    pub(super) actions: Actions,
}

/// What Jenkins keeps with an item or a build.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Actions(Option<Vec<Option<Action>>>);

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Action {
    parameters: Option<Vec<ParameterAnswer>>,
    causes: Option<Vec<Option<Cause>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Cause {
    #[serde(rename = "userId")]
    user: Option<String>,
}

impl Actions {
    fn all(&self) -> impl Iterator<Item = &Action> {
        self.0.iter().flatten().flatten()
    }

    /// The parameters by name.
    pub(super) fn parameters(&self) -> BTreeMap<&str, &ParameterAnswer> {
        let all = self.all().filter_map(|action| action.parameters.as_ref()).flatten();
        all.filter_map(|parameter| Some((parameter.name.as_deref()?, parameter))).collect()
    }

    /// Who asked for it; `None` for somebody without a name.
    pub(super) fn users(&self) -> impl Iterator<Item = Option<&str>> {
        self.all().filter_map(|action| action.causes.as_ref()).flatten().flatten().map(|cause| cause.user.as_deref())
    }
}

/// What is asked of items and builds beside what they are.
pub(super) const ACTIONS: &str = "actions[parameters[name,value],causes[userId]]";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_members_do_no_harm() {
        let text = r#"{"_class":"x","id":9007199254740993,"task":{"url":"u"},"executable":null,"stuck":null,
            "actions":[{},null,{"parameters":[{"name":"A","value":"1"},{"name":"P"},{"value":true}]},{"causes":[{},null,{"userId":"joe"}]}]}"#;
        let item: Item = serde_json::from_str(text).expect("an item");
        assert_eq!(item.id, 9_007_199_254_740_993);
        let parameters = item.actions.parameters();
        assert_eq!((parameters["A"].text().as_deref(), parameters["P"].text()), (Some("1"), None));
        assert_eq!(item.actions.users().collect::<Vec<_>>(), [None, Some("joe")]);
        let builds: BuildsAnswer = serde_json::from_str(r#"{"allBuilds":[{"number":3,"actions":null}]}"#).expect("builds");
        assert_eq!((builds.builds[0].number, builds.builds[0].actions.users().count()), (3, 0));
    }
}
