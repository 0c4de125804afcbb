//! The native JSON of the Jenkins plugin `warnings-ng`.

use super::Told;
use crate::{Page, RenderError};

/// The native JSON of the Jenkins plugin `warnings-ng`.
///
/// # Errors
/// When the document cannot be written, which is a bug.
pub fn issues(told: &Told<'_>, page: &Page<'_>) -> Result<String, RenderError> {
    let _ = page;
    crate::json(&matches!(told, Told::Judged(_)))
}
