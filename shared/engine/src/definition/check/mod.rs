//! What a grammar cannot say: names that must exist, types that must agree, rules across files.

mod alerts;
mod auth;
mod batch;
mod compensation;
mod connection;
mod duplicates;
mod each;
mod environment;
mod expectation;
mod expected;
mod field;
mod hours;
mod json_schema;
mod logic;
mod mapped;
mod mapping;
mod outcome;
mod pack;
mod pages;
mod payload;
mod record;
mod record_trigger;
mod source;
mod step;
mod target;
mod test_file;
mod transition;
mod treat;
mod trigger;
mod update;
mod value;
mod verification;
mod via;
mod workflow;
mod world;

pub(crate) use pack::{name, pack};
pub(crate) use test_file::test;
pub(crate) use world::{Costly, World};

use super::document::Document;
use crate::expr::Environment;

/// Where something is compiled: its file, what exists, and what is in scope.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) world: &'a World<'a>,
    pub(crate) document: &'a Document,
    pub(crate) env: &'a Environment,
}

impl<'a> Place<'a> {
    fn new(world: &'a World<'a>, document: &'a Document, env: &'a Environment) -> Self {
        Self {
            world,
            document,
            env,
        }
    }

    fn with_env<'b>(&self, env: &'b Environment) -> Place<'b>
    where
        'a: 'b,
    {
        Place {
            world: self.world,
            document: self.document,
            env,
        }
    }
}
