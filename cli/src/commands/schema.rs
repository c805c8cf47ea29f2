//! `holdfast schema`: JSON Schema of the definition kinds.

use clap::Args;
use holdfast_engine::definition;

use crate::failure::{Exit, Failure};
use crate::output::Output;

/// Which schema.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// pack, record, source, connection, workflow or test; all of them where it is left out
    kind: Option<String>,
}

/// Prints a schema.
pub(crate) fn run(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    let schemas = definition::schema();
    let schema = match &arguments.kind {
        None => &schemas,
        Some(kind) => schemas.get(kind).ok_or_else(|| unknown(kind, &schemas))?,
    };
    output.result(schema, |schema| format!("{schema:#}"));
    Ok(Exit::Done)
}

fn unknown(kind: &str, schemas: &serde_json::Value) -> Failure {
    let kinds = schemas.as_object().into_iter().flatten();
    let kinds: Vec<_> = kinds.map(|(kind, _)| kind.as_str()).collect();
    Failure::Usage(format!(
        "`{kind}` is no kind of definition; there are {}",
        kinds.join(", ")
    ))
}
