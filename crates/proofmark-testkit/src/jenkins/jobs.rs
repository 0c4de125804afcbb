//! Folders and jobs.

use super::builds::Build;
use super::spec::JobSpec;

/// What lies below a name.
#[derive(Debug)]
pub(crate) enum Item {
    Folder,
    Multibranch,
    Job(Job),
}

/// A job and its builds.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) spec: JobSpec,
    pub(crate) builds: Vec<Build>,
}

impl Job {
    pub(crate) fn new(spec: JobSpec) -> Self {
        Self { spec, builds: Vec::new() }
    }

    pub(crate) fn next_number(&self) -> u64 {
        self.builds.last().map_or(1, |build| build.number + 1)
    }

    pub(crate) fn start(&mut self, mut build: Build) -> u64 {
        build.number = self.next_number();
        let number = build.number;
        self.builds.push(build);
        number
    }

    /// By number, or as `lastBuild`.
    pub(crate) fn build(&self, name: &str) -> Option<&Build> {
        match name {
            "lastBuild" => self.builds.last(),
            _ => name.parse().ok().and_then(|number: u64| self.builds.iter().find(|build| build.number == number)),
        }
    }
}
