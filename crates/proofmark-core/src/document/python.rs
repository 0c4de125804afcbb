//! Python assignments of literals.
use super::ParseError;
use crate::value::Value;
pub(super) fn read(bytes: &[u8]) -> Result<Value, ParseError> {
    Err(ParseError::at(bytes, 0, "Python files are not read yet"))
}
