//! Text templates: compiled, type-checked and rendered once with samples at load.

mod bounds;
mod check;
mod computed;
mod failure;
mod filters;
mod samples;
mod shape;
mod values;

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::{Environment as Engine, UndefinedBehavior};

use super::{Environment, EvaluationError, Mistake, RefRead, Scope};
use shape::Shape;

/// How many instructions one rendering may take.
const FUEL: u64 = 500_000;
/// How deep includes and macros may nest.
const RECURSION: usize = 32;

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
        if let Some(exceeded) = bounds::exceeded(source) {
            return Err(vec![exceeded]);
        }
        let mut engine = engine();
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
