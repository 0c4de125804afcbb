//! A tag or an attribute of a run in ModelDB, whose open-source server has no registry: the run is the version.

use std::collections::BTreeSet;
use std::time::Duration;

use proofmark_modeldb::{Mark, Run, evidence_key};

use super::shelf::{PREFIX, Planned, Shelf, Version};
use crate::exit::CliError;
use crate::tracking::{ModelDbProject, came_back_key, replaced_key};

/// A run that replaced none.
const NOTHING: &str = "none";
/// How often it is looked whether somebody else took his mark back, and how long between.
const LOOKS: u32 = 10;
const BETWEEN_LOOKS: Duration = Duration::from_millis(300);

/// What one run of a project has.
pub(super) struct ModelDbShelf {
    pub(super) project: ModelDbProject,
    /// The project's name.
    pub(super) name: String,
    pub(super) mark: Mark,
}

/// One write.
enum Write {
    Attribute { run: String, key: String, value: String },
    Forget { run: String, key: String, value: String },
    Set(Box<Run>),
    Clear(String),
}

impl ModelDbShelf {
    fn holders(&self) -> Result<(Option<Run>, Vec<Run>), CliError> {
        Ok(self.project.holders(&self.mark)?)
    }

    /// Others may do the same at the same time, and know nothing of us. So the former run keeps the mark until nobody but it and
    /// the new one has it; whoever sees another one takes his own back.
    fn carry_out(&self, writes: &[Write], from: Option<&str>, to: &str) -> Result<(), CliError> {
        self.unmoved(from)?;
        let given_up: Vec<&str> =
            writes.iter().filter_map(|write| if let Write::Clear(run) = write { Some(run.as_str()) } else { None }).collect();
        let server = &self.project.server;
        for write in writes {
            match write {
                Write::Attribute { run, key, value } => drop(server.set_evidence(run, &[(key.clone(), value.clone())])?),
                Write::Forget { run, key, value } => drop(server.remove_attribute(run, key, value)?),
                Write::Set(run) => {
                    self.unmoved(from)?;
                    server.set_mark(run, &self.mark)?;
                    if let Some(other) = self.others(to)?.into_iter().find(|other| !given_up.contains(&other.as_str())) {
                        server.clear_mark(to, &self.mark)?;
                        return Err(self.moved(from, Some(&other)));
                    }
                }
                Write::Clear(run) => drop(server.clear_mark(run, &self.mark)?),
            }
        }
        let mut others = self.others(to)?;
        // Whoever came between takes his own back.
        for _ in 0..LOOKS {
            if others.is_empty() {
                break;
            }
            std::thread::sleep(BETWEEN_LOOKS);
            others = self.others(to)?;
        }
        match (others.first(), self.holders()?.0) {
            (None, Some(only)) if only.id == to => Ok(()),
            (other, _) => Err(self.moved(Some(to), other.map(String::as_str))),
        }
    }

    /// That the run with the mark still is this one.
    fn unmoved(&self, from: Option<&str>) -> Result<(), CliError> {
        let now = self.holders()?.0.map(|run| run.id);
        if now.as_deref() == from { Ok(()) } else { Err(self.moved(from, now.as_deref())) }
    }

    /// The other runs with the mark.
    fn others(&self, to: &str) -> Result<Vec<String>, CliError> {
        let current = self.project.server.current(&self.project.id, &[], &self.mark)?;
        Ok(current.runs.into_iter().map(|run| run.id).filter(|id| id != to).collect())
    }

    fn planned(&self, from: Option<&str>, to: &str, writes: &[Write], evidence: &[(String, String)]) -> Planned {
        let in_words = |write: &Write| match write {
            Write::Attribute { run, key, value } => format!("attribute of {run}: {key} = {value}"),
            Write::Forget { run, key, .. } => format!("attribute of {run}: {key} taken away"),
            Write::Set(run) => format!("{} on {}", self.mark, run.id),
            Write::Clear(run) => format!("{} off {run}", self.mark),
        };
        Planned {
            from: from.map(str::to_owned),
            to: Some(to.to_owned()),
            writes: writes.iter().map(in_words).collect(),
            evidence: evidence.to_vec(),
        }
    }

    fn run(&self, id: &str) -> Result<Run, CliError> {
        let found = self.project.server.run(id)?.filter(|run| run.project == self.project.id);
        found.ok_or_else(|| CliError::input(format!("the project `{}` has no run `{id}`", self.name)))
    }
}

impl Shelf for ModelDbShelf {
    fn title(&self) -> String {
        format!("{}", self.mark)
    }

    fn system(&self) -> &'static str {
        "modeldb"
    }

    fn reference(&self) -> String {
        match &self.mark {
            Mark::Tag(tag) => format!("modeldb:/{}@{tag}", self.name),
            Mark::Attribute { key, value } => format!("modeldb:/{}@{key}={value}", self.name),
        }
    }

    fn current(&self) -> Result<Option<Version>, CliError> {
        Ok(self.holders()?.0.as_ref().map(version))
    }

    fn version(&self, named: Option<&str>, runs: &BTreeSet<&str>) -> Result<Version, CliError> {
        let shown = || runs.iter().map(|run| format!("`{run}`")).collect::<Vec<_>>().join(", ");
        let found = match named {
            Some(id) if !runs.contains(id) => {
                return Err(CliError::input(format!("the run `{id}` was not judged; judged was {}", shown()))
                    .hint("a run is promoted by its own judgement"));
            }
            Some(id) => self.run(id)?,
            None => {
                let all = runs.iter().map(|id| self.run(id)).collect::<Result<Vec<_>, _>>()?;
                let newest = all.into_iter().max_by_key(|run| (run.time(), run.id.clone()));
                newest.ok_or_else(|| CliError::input("no run was judged"))?
            }
        };
        Ok(version(&found))
    }

    fn promote(&self, before: Option<&Version>, to: &Version, evidence: &[(String, String)], write: bool) -> Result<Planned, CliError> {
        let run = self.run(&to.name)?;
        let from = before.map(|version| version.name.as_str());
        let kept: Vec<(String, String)> =
            evidence.iter().map(|(name, value)| (evidence_key(name.strip_prefix(PREFIX).unwrap_or(name)), value.clone())).collect();
        let mut writes = Vec::new();
        let strays: Vec<Write> =
            self.holders()?.1.into_iter().filter(|other| other.id != run.id).map(|other| Write::Clear(other.id)).collect();
        if from != Some(run.id.as_str()) {
            let replaced = (replaced_key(&self.mark), from.unwrap_or(NOTHING).to_owned());
            let new = kept.iter().cloned().chain([replaced]).filter(|(key, value)| run.attribute(key).as_ref() != Some(value));
            writes.extend(new.map(|(key, value)| Write::Attribute { run: run.id.clone(), key, value }));
            let back = came_back_key(&self.mark);
            writes.extend(run.attribute(&back).map(|value| Write::Forget { run: run.id.clone(), key: back, value }));
            writes.push(Write::Set(Box::new(run.clone())));
        }
        writes.extend(strays);
        if write && !writes.is_empty() {
            self.carry_out(&writes, from, &run.id)?;
        }
        Ok(self.planned(from, &run.id, &writes, &kept))
    }

    fn roll_back(&self, from: Option<&str>, write: bool) -> Result<Option<Planned>, CliError> {
        let (now, all) = self.holders()?;
        let now = now
            .ok_or_else(|| CliError::input(format!("no run of `{}` has {}, so there is nothing to go back from", self.name, self.mark)))?;
        // A second try of the same command finds its work done. `--from` says outright what is meant.
        if let Some(undone) = now.attribute(&came_back_key(&self.mark))
            && from.is_none_or(|from| from == undone)
            && all.len() == 1
        {
            return Ok(None);
        }
        if let Some(from) = from.filter(|from| *from != now.id) {
            return Err(self.moved(Some(from), Some(&now.id)));
        }
        let previous = match now.attribute(&replaced_key(&self.mark)) {
            Some(id) if id == NOTHING => return Err(CliError::input(format!("the run `{}` was the first with {}", now.id, self.mark))),
            Some(id) => self.run(&id)?,
            None => {
                return Err(CliError::input(format!("the run `{}` does not say which one it replaced", now.id))
                    .hint("proofmark records it when it promotes; promote the run that you want"));
            }
        };
        let mut writes = vec![
            Write::Attribute { run: previous.id.clone(), key: came_back_key(&self.mark), value: now.id.clone() },
            Write::Set(Box::new(previous.clone())),
        ];
        writes.extend(all.into_iter().filter(|other| other.id != previous.id).map(|other| Write::Clear(other.id)));
        if write {
            self.carry_out(&writes, Some(&now.id), &previous.id)?;
        }
        Ok(Some(self.planned(Some(&now.id), &previous.id, &writes, &[])))
    }
}

fn version(run: &Run) -> Version {
    // What was kept goes by other names here: keys of ModelDB hold no dots.
    let kept = ["verdict", "report", "commit"].iter().filter_map(|name| {
        let value = run.attribute(&evidence_key(name))?;
        Some((format!("{PREFIX}{name}"), value))
    });
    Version { name: run.id.clone(), tags: kept.collect() }
}
