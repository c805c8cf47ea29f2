//! How a function reads what its receiver gives page by page.

use serde_json::Value as Json;

use super::StepError;
use crate::port::Call;

/// How a function reads what its receiver gives page by page.
#[derive(Debug, Clone, Copy)]
pub struct Paging {
    /// The input that asks for the next page: from that of the page before, and what its answer
    /// said of the next one, a text or an object.
    pub turn: fn(&Call<'_>, &Json, &Json) -> Result<Json, StepError>,
}
