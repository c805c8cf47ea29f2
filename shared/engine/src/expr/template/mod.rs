//! Text templates: compiled, type-checked and rendered once with samples at load.

mod bounds;
mod check;
mod computed;
mod failure;
mod filters;
mod samples;
mod shape;
mod tags;
mod values;

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::{Environment as Engine, UndefinedBehavior};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Environment, EvaluationError, Mistake, RefRead, Scope};
use shape::Shape;

/// How many instructions one rendering may take.
const FUEL: u64 = 500_000;
/// How deep includes and macros may nest.
const RECURSION: usize = 32;

/// What a value must not bring into one segment of a path: everything but unreserved characters
/// (RFC 3986, section 2.3).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A MiniJinja template, strict about unset values.
#[derive(Debug, Clone)]
pub struct Template(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: String,
    source: String,
    engine: Engine<'static>,
    shape: Shape,
    reads: Vec<RefRead>,
    paths: Vec<String>,
}

impl Template {
    /// Compiles and checks a template; `includes` are the other text files of the pack by path.
    ///
    /// # Errors
    /// All mistakes of the source text; one in an included file is underlined at the tag that
    /// includes it.
    pub fn compile(
        name: &str,
        source: &str,
        env: &Environment,
        includes: &BTreeMap<String, String>,
    ) -> Result<Self, Vec<Mistake>> {
        Self::compile_with(engine(), name, source, env, includes)
    }

    /// Compiles and checks a template of a URL path: each value that it prints becomes one
    /// percent-encoded segment, whatever characters it holds.
    ///
    /// # Errors
    /// As [`Template::compile`].
    pub fn compile_path(
        name: &str,
        source: &str,
        env: &Environment,
        includes: &BTreeMap<String, String>,
    ) -> Result<Self, Vec<Mistake>> {
        let mut engine = engine();
        engine.set_formatter(|out, _, value| {
            let encoded = utf8_percent_encode(&value.to_string(), SEGMENT).to_string();
            out.write_str(&encoded).map_err(minijinja::Error::from)
        });
        Self::compile_with(engine, name, source, env, includes)
    }

    fn compile_with(
        mut engine: Engine<'static>,
        name: &str,
        source: &str,
        env: &Environment,
        includes: &BTreeMap<String, String>,
    ) -> Result<Self, Vec<Mistake>> {
        if let Some(exceeded) = bounds::exceeded(source) {
            return Err(vec![exceeded]);
        }
        let checked = check::check(&mut engine, name, source, env, includes)?;
        let (paths, reads) = checked.reads.finish();
        let inner = Inner {
            name: name.to_owned(),
            source: source.to_owned(),
            engine,
            shape: checked.shape,
            reads,
            paths,
        };
        let template = Self(Arc::new(inner));
        let mistakes = samples::mistakes(&template);
        if mistakes.is_empty() {
            Ok(template)
        } else {
            Err(mistakes)
        }
    }

    /// The text that was compiled.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// The strong reads, first hops before second hops.
    #[must_use]
    pub fn reads(&self) -> &[RefRead] {
        &self.0.reads
    }

    /// Every dotted path that is read, includes too: `record.amount`.
    #[must_use]
    pub fn paths(&self) -> &[String] {
        &self.0.paths
    }

    /// The text for this scope.
    ///
    /// # Errors
    /// [`EvaluationError`] when the template prints an unset value or a filter has no result.
    pub fn render(&self, scope: &Scope<'_>) -> Result<String, EvaluationError> {
        let context = self.0.shape.context(scope)?;
        self.attempt(context)
            .map_err(|error| failure::meaning(&error))
    }

    fn attempt(&self, context: minijinja::Value) -> Result<String, minijinja::Error> {
        self.0.engine.get_template(&self.0.name)?.render(context)
    }
}

/// Debug mode keeps the places of errors, which name the path that is unset.
fn engine() -> Engine<'static> {
    let mut engine = Engine::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_fuel(Some(FUEL));
    engine.set_recursion_limit(RECURSION);
    engine.set_debug(true);
    filters::register(&mut engine);
    engine
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::tz::TimeZone;
    use serde_json::json;

    use super::*;
    use crate::expr::Type;

    fn path(value: &serde_json::Value) -> Result<String, EvaluationError> {
        let env = Environment {
            roots: BTreeMap::from([("id".to_owned(), Type::String)]),
            ..Environment::default()
        };
        let source = "/patients/{{ id }}/plan";
        let template = Template::compile_path("path", source, &env, &BTreeMap::new());
        let (roots, refs) = ([("id", value)], BTreeMap::new());
        template.expect("a template").render(&Scope {
            roots: &roots,
            refs: &refs,
            now: Timestamp::UNIX_EPOCH,
            tz: &TimeZone::UTC,
        })
    }

    #[test]
    fn a_value_in_a_path_is_one_segment() {
        let hostile = json!("../admin?x=1#y z/ü");
        let encoded = "/patients/..%2Fadmin%3Fx%3D1%23y%20z%2F%C3%BC/plan";
        assert_eq!(path(&hostile).as_deref(), Ok(encoded));
        assert_eq!(
            path(&json!("a-b.c_d~e")).as_deref(),
            Ok("/patients/a-b.c_d~e/plan")
        );
    }

    #[test]
    fn an_unset_value_in_a_path_is_an_error() {
        assert!(matches!(
            path(&json!(null)),
            Err(EvaluationError::UnsetValue { .. })
        ));
    }
}
