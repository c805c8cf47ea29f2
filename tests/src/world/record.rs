//! Records that are there before a test begins.

use holdfast_engine::event::Lineage;
use holdfast_engine::id::{EventId, RecordRef};
use holdfast_engine::key;
use holdfast_engine::port::Ports as _;
use holdfast_engine::record::{Author, LastChange, Record};

use super::World;

impl World {
    /// Puts a record there as a person left it, without a condition: its `name` is all it has.
    ///
    /// # Panics
    /// When the reference is none.
    pub fn seed_record(&self, reference: &str, status: &str, name: &str) {
        let reference: RecordRef = reference.parse().expect("a reference");
        let now = self.now();
        let record = Record {
            record_type: reference.record_type.clone(),
            id: reference.record.clone(),
            status: status.to_owned(),
            version: 1,
            fields: [("name".to_owned(), name.into())].into_iter().collect(),
            created_at: now,
            updated_at: now,
            last_change: LastChange {
                by: Author::Person("someone".to_owned()),
                event: EventId::from_text("t:1"),
                step: None,
                version: None,
                lineage: Lineage::default(),
                bulk: false,
            },
            deleted: false,
        };
        let body = serde_json::to_string(&record).expect("a record encodes");
        self.memory.journal().seed(key::record(&reference), body);
    }
}
