//! Wrong sources, what is underlined, and what is said about it.

use super::{Expression, Mistake, Type, environment, mistakes};

/// Compares mistakes with a table of `source ~> underlined ~> message ~> help`.
pub(super) fn check(table: &str, compile: impl Fn(&str) -> Vec<Mistake>) {
    let mut sources: Vec<_> = table
        .lines()
        .filter_map(|row| row.split(" ~> ").next())
        .collect();
    sources.dedup();
    let found = sources.into_iter().flat_map(|source| {
        let row = |mistake: Mistake| {
            let (at, help) = (&source[mistake.span], mistake.help.unwrap_or_default());
            format!("{source} ~> {at} ~> {} ~> {help}", mistake.message)
                .trim_end()
                .to_owned()
        };
        compile(source).into_iter().map(row).collect::<Vec<_>>()
    });
    let found: Vec<_> = found.collect();
    assert_eq!(found, table.lines().collect::<Vec<_>>());
}

#[test]
fn mistakes_are_underlined_and_explained() {
    check(include_str!("mistakes.txt"), mistakes);
}

#[test]
fn the_expected_type_is_checked_against_the_whole() {
    let compile = |source, ty| Expression::compile(source, &environment(), Some(&ty));
    let found = compile("record.stage", Type::Bool).unwrap_err();
    assert_eq!(found[0].span, 0..12);
    assert_eq!(
        found[0].message,
        "this is text, but a boolean is needed here"
    );
    assert!(compile("body.x", Type::Bool).is_ok());
    assert_eq!(
        *compile("record.count", Type::Decimal).unwrap().ty(),
        Type::Decimal
    );
}
