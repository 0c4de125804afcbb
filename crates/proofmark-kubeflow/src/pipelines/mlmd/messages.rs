//! The messages of the metadata store, as far as they are read. Whatever else they hold is passed over.

use std::collections::BTreeMap;

use crate::pipelines::collect::Step;
use crate::pipelines::protobuf::{Allowance, Broken, Field, Reader, entry, property};
use crate::pipelines::tree::Tree;

/// The state of an execution whose results were taken from an earlier one.
const CACHED: i64 = 5;
/// The kinds of events that say what an execution gave: OUTPUT, and what was declared so by older writers.
const OUTPUTS: [i64; 2] = [4, 1];
/// The type of executions that are parts of pipelines, loops and conditions.
const GROUP: &str = "system.DAGExecution";

/// One page of a list.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page<T> {
    /// Its entries.
    pub items: Vec<T>,
    /// The token of the next page; empty on the last one.
    pub next: String,
}

/// Something that a task gave.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Artifact {
    /// Its number.
    pub id: i64,
    /// The number of its type.
    pub kind_id: i64,
    /// Its type: `system.Metrics`; empty where the store only tells the number.
    pub kind: String,
    /// What is known about it.
    pub properties: BTreeMap<String, Tree>,
}

/// One try of one task, or a part of a pipeline.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Execution {
    /// Its number.
    pub id: i64,
    /// Its type: `system.ContainerExecution`; empty where the store only tells the number.
    pub kind: String,
    /// The number of its state.
    pub state: i64,
    /// The task's name in the pipeline.
    pub task: String,
    /// The number of the execution that it is a part of.
    pub parent: Option<i64>,
    /// The turn of a loop.
    pub turn: Option<u64>,
    /// The number of the execution whose results were taken.
    pub cached_from: Option<i64>,
}

/// That an execution gave or took an artifact.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Event {
    /// The number of the artifact.
    pub artifact: i64,
    /// The number of the execution.
    pub execution: i64,
    /// The number of the kind of event.
    pub kind: i64,
    /// The name of the output or input.
    pub output: String,
}

impl Execution {
    /// Whether its results were taken from an earlier one.
    pub fn is_cached(&self) -> bool {
        self.state == CACHED
    }

    /// Whether it is a part of a pipeline and no task.
    pub fn is_group(&self) -> bool {
        self.kind == GROUP
    }

    pub(super) fn step(&self) -> Step {
        Step { name: self.task.clone(), turn: self.turn, parent: self.parent.map(|id| id.to_string()) }
    }
}

impl Event {
    /// Whether it says what an execution gave.
    pub fn is_output(&self) -> bool {
        OUTPUTS.contains(&self.kind)
    }
}

/// The number of the context in an answer to `GetContextByTypeAndName`; none where there is no such context.
///
/// # Errors
/// See [`Broken`].
pub fn context(bytes: &[u8]) -> Result<Option<i64>, Broken> {
    let mut found = None;
    each(bytes, |number, field| {
        if number == 1 {
            each(inner(field)?, |number, field| {
                if number == 1 {
                    found = Some(signed(field)?);
                }
                Ok(())
            })?;
        }
        Ok(())
    })?;
    Ok(found)
}

/// A page of artifacts: an answer to `GetArtifactsByContext` or `GetArtifactsByID`.
///
/// # Errors
/// See [`Broken`].
pub fn artifacts(bytes: &[u8]) -> Result<Page<Artifact>, Broken> {
    let mut allowance = Allowance::default();
    page(bytes, |bytes| {
        let mut artifact = Artifact::default();
        each(bytes, |number, field| {
            match number {
                1 => artifact.id = signed(field)?,
                2 => artifact.kind_id = signed(field)?,
                4 | 5 => {
                    let (name, value) = entry(inner(field)?)?;
                    artifact.properties.insert(name, property(value, &mut allowance)?);
                }
                8 => field.text()?.clone_into(&mut artifact.kind),
                _ => {}
            }
            Ok(())
        })?;
        Ok(artifact)
    })
}

/// A page of executions: an answer to `GetExecutionsByContext`.
///
/// # Errors
/// See [`Broken`].
pub fn executions(bytes: &[u8]) -> Result<Page<Execution>, Broken> {
    let mut allowance = Allowance::default();
    page(bytes, |bytes| {
        let mut execution = Execution::default();
        each(bytes, |number, field| {
            match number {
                1 => execution.id = signed(field)?,
                3 => execution.state = signed(field)?,
                5 => {
                    let (name, value) = entry(inner(field)?)?;
                    execution.take(&name, value, &mut allowance)?;
                }
                7 => field.text()?.clone_into(&mut execution.kind),
                _ => {}
            }
            Ok(())
        })?;
        Ok(execution)
    })
}

impl Execution {
    fn take(&mut self, name: &str, value: &[u8], allowance: &mut Allowance) -> Result<(), Broken> {
        #[expect(clippy::cast_possible_truncation, reason = "such numbers stay far below what a floating-point one holds exactly")]
        let whole = |tree: &Tree| tree.number().filter(|number| number.fract() == 0.0).map(|number| number as i64);
        match name {
            "task_name" => property(value, allowance)?.text().unwrap_or_default().clone_into(&mut self.task),
            "parent_dag_id" => self.parent = whole(&property(value, allowance)?).filter(|id| *id != 0),
            "iteration_index" => self.turn = whole(&property(value, allowance)?).and_then(|turn| u64::try_from(turn).ok()),
            "cached_execution_id" => self.cached_from = property(value, allowance)?.text().and_then(|id| id.parse().ok()),
            _ => {}
        }
        Ok(())
    }
}

/// The events in an answer to `GetEventsByExecutionIDs`.
///
/// # Errors
/// See [`Broken`].
pub fn events(bytes: &[u8]) -> Result<Vec<Event>, Broken> {
    let page = page(bytes, |bytes| {
        let mut event = Event::default();
        each(bytes, |number, field| {
            match number {
                1 => event.artifact = signed(field)?,
                2 => event.execution = signed(field)?,
                3 if event.output.is_empty() => event.output = first_key(inner(field)?)?,
                4 => event.kind = signed(field)?,
                _ => {}
            }
            Ok(())
        })?;
        Ok(event)
    })?;
    Ok(page.items)
}

/// The first key in a path; empty where there is none.
fn first_key(bytes: &[u8]) -> Result<String, Broken> {
    let mut key = String::new();
    each(bytes, |number, field| {
        if number == 1 {
            each(inner(field)?, |number, field| {
                if number == 2 && key.is_empty() {
                    field.text()?.clone_into(&mut key);
                }
                Ok(())
            })?;
        }
        Ok(())
    })?;
    Ok(key)
}

/// The names of types by their numbers: an answer to `GetArtifactTypesByID`.
///
/// # Errors
/// See [`Broken`].
pub fn types(bytes: &[u8]) -> Result<Vec<(i64, String)>, Broken> {
    let page = page(bytes, |bytes| {
        let (mut id, mut name) = (0, String::new());
        each(bytes, |number, field| {
            match number {
                1 => id = signed(field)?,
                2 => field.text()?.clone_into(&mut name),
                _ => {}
            }
            Ok(())
        })?;
        Ok((id, name))
    })?;
    Ok(page.items)
}

/// Field 1 of all answers with lists is the list, and field 2 of those with pages the token of the next one.
fn page<T>(bytes: &[u8], mut item: impl FnMut(&[u8]) -> Result<T, Broken>) -> Result<Page<T>, Broken> {
    let (mut items, mut next) = (Vec::new(), String::new());
    each(bytes, |number, field| {
        match (number, field) {
            (1, field) => items.push(item(inner(field)?)?),
            (2, Field::Bytes(_)) => field.text()?.clone_into(&mut next),
            _ => {}
        }
        Ok(())
    })?;
    Ok(Page { items, next })
}

fn each<'a>(bytes: &'a [u8], mut take: impl FnMut(u32, Field<'a>) -> Result<(), Broken>) -> Result<(), Broken> {
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.field()? {
        take(number, field)?;
    }
    Ok(())
}

fn inner(field: Field<'_>) -> Result<&[u8], Broken> {
    field.bytes().ok_or(Broken::Form)
}

fn signed(field: Field<'_>) -> Result<i64, Broken> {
    field.signed().ok_or(Broken::Form)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pipelines::grpc_web::message;

    /// Answers of a real store, recorded for this project.
    const CONTEXT: &[u8] = include_bytes!("../../../tests/data/mlmd_GetContextByTypeAndName.grpcweb.bin");
    const ARTIFACTS: &[u8] = include_bytes!("../../../tests/data/mlmd_GetArtifactsByContext.grpcweb.bin");

    #[test]
    fn a_real_store_is_understood() {
        assert_eq!(context(&message(CONTEXT, None).expect("a message")), Ok(Some(1)));
        assert_eq!(context(&[]), Ok(None));
        let page = artifacts(&message(ARTIFACTS, None).expect("a message")).expect("artifacts");
        let [metrics, matrix] = page.items.as_slice() else { panic!("two artifacts: {page:?}") };
        assert_eq!((metrics.id, metrics.kind_id, metrics.kind.as_str()), (1, 11, "system.Metrics"));
        assert_eq!(metrics.properties["accuracy"], Tree::Number(0.93));
        assert_eq!(metrics.properties["display_name"], Tree::Text("metrics".to_owned()));
        assert_eq!(matrix.kind, "system.ClassificationMetrics");
        assert_eq!(matrix.properties["confusionMatrix"].field("rows").and_then(Tree::list).map(<[Tree]>::len), Some(2));
        assert_eq!(matrix.properties["confidenceMetrics"].list().map(<[Tree]>::len), Some(3));
        assert_eq!(page.next, "");
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_looked_at(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = (context(&bytes), artifacts(&bytes), executions(&bytes), events(&bytes), types(&bytes));
        }

        #[test]
        fn a_damaged_answer_is_an_error_or_another_answer(at in 0..980_usize, byte in any::<u8>()) {
            let mut bytes = message(ARTIFACTS, None).expect("a message");
            bytes[at] = byte;
            let _ = artifacts(&bytes);
        }
    }
}
