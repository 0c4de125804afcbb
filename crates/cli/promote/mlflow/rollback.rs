//! The way back to the version that the present one replaced.

use proofmark_mlflow::Registry;
use proofmark_mlflow::model::{ModelVersion, Which};

use super::moves::{self, Move, Target, Write, current, replaced};
use crate::exit::CliError;

/// What brings the target back; nothing where that was done before.
pub(super) fn plan(registry: &dyn Registry, model: &str, target: &Target, from: Option<u64>) -> Result<Option<Move>, CliError> {
    let Some(now) = current(registry, model, target)? else {
        return Err(CliError::input(format!("{target} of `{model}` leads to no version, so there is nothing to go back from")));
    };
    let last = registry.model_tags(model)?.remove(&target.last_tag());
    let (undone, at) = last.as_deref().and_then(went_back).unzip();
    // A second try of the same command finds its work done. `--from` says outright what is meant.
    if at == Some(now.version) && (from.is_none() || from == undone) {
        return Ok(None);
    }
    if let Some(from) = from.filter(|from| *from != now.version) {
        return Err(moves::moved_to(target, Some(from), Some(now.version)));
    }
    let previous = replaced(&now, target).ok_or_else(|| nothing_to_go_to(&now, target))?;
    let back = registry.model_version(model, &Which::Number(previous))?;
    if back.is_none() {
        return Err(CliError::input(format!("version {previous} of `{model}`, which version {} replaced, is gone", now.version)));
    }
    let tag = target.rolled_back_tag();
    let mut writes = Vec::new();
    if now.tags.get(&tag) != Some(&previous.to_string()) {
        writes.push(Write::VersionTag { version: now.version, key: tag, value: previous.to_string() });
    }
    // Of two versions in one stage the newer one would count.
    writes.push(Write::Move { version: previous, archive: true });
    writes.push(Write::ModelTag { key: target.last_tag(), value: format!("rolled back {} to {previous}", now.version) });
    Ok(Some(Move { model: model.to_owned(), from: Some(now.version), to: Some(previous), writes, evidence: Vec::new() }))
}

fn nothing_to_go_to(now: &ModelVersion, target: &Target) -> CliError {
    let ModelVersion { model, version, .. } = now;
    let told = match now.tags.get(&target.replaced_tag()) {
        Some(_) => format!("version {version} of `{model}` was the first that {target} led to"),
        None => format!("version {version} of `{model}` does not say which version it replaced"),
    };
    CliError::input(told).hint("proofmark records it when it promotes; move it by hand, or promote the version that you want")
}

/// From which version to which the last step went back.
fn went_back(last: &str) -> Option<(u64, u64)> {
    let (from, to) = last.strip_prefix("rolled back ")?.split_once(" to ")?;
    Some((from.parse().ok()?, to.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_last() {
        assert_eq!(went_back("rolled back 3 to 2"), Some((3, 2)));
        assert_eq!((went_back("promoted 3 in the place of 2"), went_back("rolled back x to 2")), (None, None));
    }
}
