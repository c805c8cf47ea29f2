//! What is counted of the rows of an import, as of the events of a source.

use serde_json::{Map, Value as Json};

use super::decide::Rules;
use super::{Batch, Content, Outcome, Verdict};
use crate::field::{Rule, Violation};
use crate::id::IMPORT_TYPE;
use crate::name::SourceName;
use crate::port::Ports;
use crate::quality::{self, Counts};

/// Adds what came of the rows of a part to the figures. They are figures: what cannot be added is
/// no reason to stop.
pub(super) async fn count<P: Ports>(
    ports: &P,
    rules: &Rules<'_>,
    batch: &Batch,
    outcomes: &[Outcome],
) {
    let Ok(source) = SourceName::new(IMPORT_TYPE) else {
        return;
    };
    let (tenant, counted) = (&batch.import.tenant, ports.quality());
    counted.count(tenant, &source, rules.now, |counts| {
        for (row, outcome) in batch.rows.iter().zip(outcomes) {
            match &row.content {
                Content::Values(values) if !outcome.verdict.is_mistake() => {
                    passed(counts, rules, values, outcome.verdict);
                }
                _ => review(counts, rules, &outcome.fields),
            }
        }
    });
    quality::flush(ports).await;
}

fn passed(counts: &mut Counts, rules: &Rules<'_>, values: &Map<String, Json>, verdict: Verdict) {
    counts.passed += 1;
    for name in &rules.import.fields {
        let field = counts.fields.entry(full(rules, name)).or_default();
        match values.get(name) {
            None | Some(Json::Null) => field.unset += 1,
            Some(_) => field.set += 1,
        }
    }
    if verdict == Verdict::Created {
        let record_type = rules.definition.name.clone();
        counts.records.entry(record_type).or_default().created += 1;
    }
}

fn review(counts: &mut Counts, rules: &Rules<'_>, wrong: &[Violation]) {
    counts.review += 1;
    for violation in wrong {
        let name = violation.path.split(['.', '[']).next().unwrap_or_default();
        // What a file says must not become a name here.
        if !rules.definition.fields.contains_key(name) {
            continue;
        }
        let field = counts.fields.entry(full(rules, name)).or_default();
        match violation.rule {
            Rule::Required => field.unset += 1,
            _ => field.wrong += 1,
        }
    }
}

fn full(rules: &Rules<'_>, field: &str) -> String {
    format!("{}.{field}", rules.definition.name)
}
