//! The dialect's functions as filters, with the tenant's zone.

use std::sync::Arc;

use jiff::tz::TimeZone;
use minijinja::value::{Object, Rest, Value as Printed};
use minijinja::{Environment as Engine, Error, ErrorKind, State};

use super::values::{given, printed};
use crate::expr::functions::{self, Function, Moment};
use crate::expr::value::{Value, unset};
use crate::expr::{EvaluationError, Scope};

/// Where the context keeps the clock; a template cannot write this name.
pub(super) const CLOCK: &str = "@clock";

/// Filters that MiniJinja has and that mean the same for the values of templates.
const KEPT: [&str; 7] = ["join", "lower", "replace", "sort", "split", "trim", "upper"];

/// The tenant's zone.
#[derive(Debug)]
struct Clock(TimeZone);

impl Object for Clock {}

/// The clock of a scope, for the context.
pub(super) fn clock(scope: &Scope<'_>) -> Printed {
    Printed::from_object(Clock(scope.tz.clone()))
}

pub(super) fn register(engine: &mut Engine<'static>) {
    for function in functions::all().filter(|function| !KEPT.contains(&function.name)) {
        engine.add_filter(
            function.name,
            move |state: &mut State<'_, '_>, value: Printed, rest: Rest<Printed>| {
                apply(function, state, &value, &rest)
            },
        );
    }
}

fn apply(
    function: &'static Function,
    state: &State<'_, '_>,
    value: &Printed,
    rest: &[Printed],
) -> Result<Printed, Error> {
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    if !function.takes(rest.len() + 1) {
        let usage = function.usage();
        let detail = format!("`{}` has other arguments: `{usage}`", function.name);
        return Err(Error::new(ErrorKind::MissingArgument, detail));
    }
    let clock: Arc<Clock> = state
        .lookup(CLOCK)
        .and_then(|clock| clock.downcast_object())
        .ok_or_else(|| Error::from(ErrorKind::InvalidOperation))?;
    let moment = Moment { tz: &clock.0 };
    let arguments = std::iter::once(value).chain(rest).map(argument);
    let arguments = arguments.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let result = function.call(moment, arguments).map_err(failed)?;
    printed(result).map_err(failed)
}

fn argument(value: &Printed) -> Result<Value<'static>, EvaluationError> {
    match given(value) {
        Value::Unset(path) => Err(unset(path)),
        value => Ok(value),
    }
}

fn failed(error: EvaluationError) -> Error {
    Error::new(ErrorKind::InvalidOperation, error.to_string()).with_source(error)
}
