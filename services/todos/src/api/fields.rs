//! Parsing of the fields of a request body.

use lambda_kit::problem::FieldError;

use crate::domain::values::ValueError;

/// The value of a field; a rule that it breaks is added to `errors`.
pub(super) fn check<T>(errors: &mut Vec<FieldError>, field: &'static str, parsed: Result<T, ValueError>) -> Option<T> {
    parsed.map_err(|ValueError(message)| errors.push(FieldError { field, message })).ok()
}
