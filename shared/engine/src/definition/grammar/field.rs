//! `FIELD`, in its three places: of a record, of mapped data, of a setting.

use super::{Grammar, Key, Shape, grammar, later, misplaced, optional, required};

/// The field types.
pub(crate) const TYPES: &[&str] = &[
    "string", "integer", "decimal", "boolean", "date", "datetime", "duration", "timezone", "phone",
    "email", "url", "enum", "list", "object", "ref",
];

const CONSTRAINTS: &[Key] = &[
    required("type", Shape::Word(TYPES, &["file"])),
    optional("required", Shape::Boolean),
    optional("default", Shape::Any),
    optional("pii", Shape::Boolean),
    optional("max", Shape::Number),
    optional("min", Shape::Number),
    optional("pattern", Shape::Text),
    optional("region", Shape::Text),
    optional("scale", Shape::Integer),
    optional("values", Shape::List(&Shape::Text)),
    optional("of", Shape::FieldOrFields),
    optional("to", Shape::Name),
    later("accept"),
];

const UNMAPPED: &[Key] = &[
    misplaced(
        "from",
        "`from` belongs to `data` and `returns`; map a record's field in `records: map:` of a source",
    ),
    misplaced("if", "`if` belongs to `data` and `returns`"),
];

const UNSHARED: &[Key] = &[
    misplaced("conflict", "`conflict` belongs to the fields of a record"),
    misplaced("rollup", "`rollup` belongs to the fields of a record"),
];

/// A field of `config`, or inside another field.
pub(super) static PLAIN: Grammar = grammar("a field", &[CONSTRAINTS, UNMAPPED, UNSHARED]);

/// A field of a record.
pub(super) static RECORD_FIELD: Grammar = grammar(
    "a field of a record",
    &[
        CONSTRAINTS,
        UNMAPPED,
        &[
            optional("conflict", Shape::Word(&["recheck", "last"], &[])),
            later("rollup"),
        ],
    ],
);

/// A field of `data` or `returns`.
pub(super) static MAPPED: Grammar = grammar(
    "a mapped field",
    &[
        CONSTRAINTS,
        &[required("from", Shape::Logic), optional("if", Shape::Logic)],
        UNSHARED,
    ],
);
