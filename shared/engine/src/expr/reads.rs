//! What an expression or a template reads: its paths, and its strong reads through references.

use super::RefRead;
use super::resolve::{Hop, Resolved};

/// Collects in order of appearance, without repeats.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reads {
    paths: Vec<String>,
    references: Vec<(usize, RefRead)>,
}

impl Reads {
    pub(crate) fn add(&mut self, path: String, resolved: &Resolved) {
        if !self.paths.contains(&path) {
            self.paths.push(path);
        }
        for hop in &resolved.hops {
            self.hop(hop);
        }
    }

    fn hop(&mut self, hop: &Hop) {
        let known = self
            .references
            .iter_mut()
            .find(|(_, read)| read.path == hop.path);
        if let Some((_, read)) = known {
            read.members.insert(hop.member.clone());
            return;
        }
        let read = RefRead {
            path: hop.path.clone(),
            record: hop.record.clone(),
            members: [hop.member.clone()].into(),
        };
        self.references.push((hop.number, read));
    }

    /// The paths, and the strong reads with first hops before second hops.
    pub(crate) fn finish(mut self) -> (Vec<String>, Vec<RefRead>) {
        self.references.sort_by_key(|(number, _)| *number);
        let references = self.references.into_iter().map(|(_, read)| read);
        (self.paths, references.collect())
    }
}
