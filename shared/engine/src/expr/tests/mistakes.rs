//! Wrong expressions, what is underlined, and what is said about it.

use super::mistakes;

/// Source, what is underlined, message, help.
type Row = (&'static str, &'static str, &'static str, &'static str);

fn check(table: &[Row]) {
    let mut sources: Vec<_> = table.iter().map(|row| row.0).collect();
    sources.dedup();
    let mut found = Vec::new();
    for source in sources {
        for mistake in mistakes(source) {
            let help = mistake.help.unwrap_or_default();
            found.push((
                source,
                source[mistake.span].to_owned(),
                mistake.message,
                help,
            ));
        }
    }
    let found = found
        .iter()
        .map(|(source, at, message, help)| (*source, &**at, &**message, &**help));
    let wrong: Vec<_> = found
        .zip(table)
        .filter(|(found, row)| found != *row)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn names_are_checked_and_the_nearest_one_is_offered() {
    check(&[
        (
            "recrod.amount > 1",
            "recrod",
            "`recrod` is not in scope here",
            "did you mean `record`?",
        ),
        (
            "customer.name",
            "customer",
            "`customer` is not in scope here",
            "in scope are `body`, `item`, `patient`, `record`, `steps`, `now`",
        ),
        (
            "record.amout",
            "amout",
            "`record` has no field `amout`",
            "did you mean `amount`?",
        ),
        (
            "record.stage.length",
            "length",
            "`record.stage` is text: it has no field `length`",
            "",
        ),
        (
            "body.x + tenantt",
            "tenantt",
            "`tenantt` is not in scope here",
            "in scope are `body`, `item`, `patient`, `record`, `steps`, `now`",
        ),
        (
            "record.patient.fone",
            "fone",
            "`record.patient` has no field `fone`",
            "did you mean `phone`?",
        ),
        (
            "record.patient.account.owner.name",
            "name",
            "`record.patient.account.owner` would be the third reference followed",
            "a path follows at most two: keep what is needed nearer",
        ),
        (
            "steps.confirm.refused",
            "confirm",
            "`steps.confirm` cannot be read here: it is an async step",
            "",
        ),
        (
            "steps.bok",
            "bok",
            "`steps` has no field `bok`",
            "did you mean `book`?",
        ),
        (
            "sise(record.tags)",
            "sise",
            "there is no function `sise`",
            "did you mean `size`?",
        ),
        (
            "record.tags.lenght()",
            "lenght",
            "there is no function `lenght`",
            "",
        ),
        (
            "lower()",
            "lower()",
            "`lower` does not take 0 arguments",
            "write `lower(text)`",
        ),
        (
            "record.stage.lower(1)",
            "lower(1)",
            "`lower` does not take 2 arguments",
            "write `lower(text)`",
        ),
        (
            "default(record.fee)",
            "default(record.fee)",
            "`default` does not take 1 argument",
            "write `default(value, fallback)`",
        ),
        (
            "has(record.amout)",
            "amout",
            "`record` has no field `amout`",
            "did you mean `amount`?",
        ),
        (
            "ran(book)",
            "book",
            "`book` is not in scope here",
            "in scope are `body`, `item`, `patient`, `record`, `steps`, `now`",
        ),
        (
            "ran(book)",
            "book",
            "`ran` takes a step",
            "write `ran(steps.id)`",
        ),
        (
            "record.lines.all(l, l.prise > 1)",
            "prise",
            "`l` has no field `prise`",
            "did you mean `price`?",
        ),
        (
            "record.lines[0].qty",
            "qty",
            "`record.lines[0]` has no field `qty`",
            "it has `price`, `sku`",
        ),
        (
            "recrod.a > 1 && record.amout > 1 || sise(1)",
            "recrod",
            "`recrod` is not in scope here",
            "did you mean `record`?",
        ),
        (
            "recrod.a > 1 && record.amout > 1 || sise(1)",
            "amout",
            "`record` has no field `amout`",
            "did you mean `amount`?",
        ),
        (
            "recrod.a > 1 && record.amout > 1 || sise(1)",
            "sise",
            "there is no function `sise`",
            "did you mean `size`?",
        ),
        (
            "[record.patient].map(p, p.name)",
            "name",
            "the reference `p` cannot be followed",
            "only a path of names is followed, such as `record.patient.phone`",
        ),
        (
            "item.x.y.foo() + recrd.x",
            "foo",
            "there is no function `foo`",
            "",
        ),
        (
            "item.x.y.foo() + recrd.x",
            "recrd",
            "`recrd` is not in scope here",
            "did you mean `record`?",
        ),
    ]);
}

#[test]
fn types_are_checked_and_the_conversion_is_offered() {
    check(&[
        (
            "record.amount == 'x'",
            "record.amount == 'x'",
            "a decimal cannot be compared with text",
            "write `decimal('x')`",
        ),
        (
            "record.starts_at > '2026-01-01'",
            "record.starts_at > '2026-01-01'",
            "a time cannot be compared with text",
            "write `timestamp('2026-01-01')`",
        ),
        (
            "record.due < '2026-01-01'",
            "record.due < '2026-01-01'",
            "a date cannot be compared with text",
            "write `date('2026-01-01')`",
        ),
        (
            "record.grace > '1d'",
            "record.grace > '1d'",
            "a duration cannot be compared with text",
            "write `duration('1d')`",
        ),
        (
            "record.amount > double(1)",
            "record.amount > double(1)",
            "a decimal cannot be compared with a float",
            "write `decimal(double(1))`",
        ),
        (
            "record.starts_at > record.due",
            "record.starts_at > record.due",
            "a time cannot be compared with a date",
            "write `date(record.starts_at)`",
        ),
        (
            "record.count > '1'",
            "record.count > '1'",
            "an integer cannot be compared with text",
            "write `int('1')`",
        ),
        (
            "record.tags > record.tags",
            "record.tags > record.tags",
            "a list has no order",
            "",
        ),
        (
            "record.active < true",
            "record.active < true",
            "a boolean has no order",
            "",
        ),
        (
            "record.stage + 1",
            "record.stage + 1",
            "`+` does not apply to text and an integer",
            "write `string(1)`",
        ),
        (
            "1 + record.stage",
            "1 + record.stage",
            "`+` does not apply to an integer and text",
            "write `string(1)`",
        ),
        (
            "record.starts_at + 5",
            "record.starts_at + 5",
            "`+` does not apply to a time and an integer",
            "",
        ),
        (
            "record.amount % 2",
            "record.amount % 2",
            "`%` does not apply to a decimal and an integer",
            "",
        ),
        (
            "record.stage && true",
            "record.stage",
            "a condition is true or false, but `record.stage` is text",
            "",
        ),
        (
            "!record.count",
            "record.count",
            "a condition is true or false, but `record.count` is an integer",
            "",
        ),
        (
            "-record.stage",
            "-record.stage",
            "`-` does not apply to text",
            "",
        ),
        (
            "record.active ? 1 : 'a'",
            "1 : 'a'",
            "one choice is an integer, the other text",
            "",
        ),
        (
            "1 in record.tags",
            "1 in record.tags",
            "an integer is never in a list of texts",
            "",
        ),
        (
            "'a' in record.stage",
            "record.stage",
            "`in` needs a list or an object, not text",
            "write `record.stage.contains(…)`",
        ),
        (
            "record.stage[0]",
            "record.stage[0]",
            "`record.stage` is text: it has no elements",
            "",
        ),
        (
            "record.tags['a']",
            "'a'",
            "a list is indexed by an integer, but `'a'` is text",
            "",
        ),
        (
            "record.stage.all(c, true)",
            "record.stage",
            "`record.stage` is text, not a list",
            "",
        ),
        (
            "record.tags.filter(t, t)",
            "t",
            "a condition is true or false, but `t` is text",
            "",
        ),
        (
            "lower(record.count)",
            "record.count",
            "`lower` takes text, but `record.count` is an integer",
            "write `lower(text)`",
        ),
        (
            "sum(record.stage)",
            "record.stage",
            "`sum` takes a list, but `record.stage` is text",
            "write `sum(list)`",
        ),
        (
            "default(record.count, 'x')",
            "'x'",
            "`record.count` is an integer, its default text",
            "",
        ),
        ("{1: 2}", "1", "a key is text, but `1` is an integer", ""),
        (
            "timestamp([1])",
            "[1]",
            "`timestamp` takes a single value, but `[1]` is a list",
            "write `timestamp(value)`",
        ),
    ]);
}

#[test]
fn text_that_does_not_parse_says_where_and_what_instead() {
    check(&[
        (
            "record.tags.map(1, 2)",
            "1",
            "the first argument names the element",
            "write `list.all(x, x > 0)`",
        ),
        (
            "has(record)",
            "record",
            "`has` takes a path",
            "write `has(record.field)`",
        ),
        (
            "record.stage.matches('[')",
            "'['",
            "this is no regular expression",
            "",
        ),
        ("5u", "5u", "every integer is signed", "write `5`"),
        (
            "b'x'",
            "b'x'",
            "there are no bytes here",
            "write text: `'…'`",
        ),
        (
            "record.amount = 1",
            "=",
            "`=` does not compare",
            "write `==`",
        ),
        (
            "record.active & true",
            "&",
            "`&` is no operator",
            "write `&&`",
        ),
        (
            "record.active and true",
            "and",
            "`and` is not expected here",
            "write `&&`",
        ),
        ("(1 + 2", "(", "`(` is not closed", "add `)`"),
        ("1)", ")", "`)` closes nothing", ""),
        ("'abc", "'abc", "the text is not closed", "end it with `'`"),
        ("1 +", "", "the expression ends too early", ""),
        ("", "", "the expression is empty", ""),
        ("Foo{a: 1}", "{a: 1}", "`Foo` is no type here", ""),
        (
            "record.patient.account.owner == '' && not true",
            "true",
            "`true` is not expected here",
            "",
        ),
        ("if", "if", "`if` is a reserved word", ""),
        ("record..x", ".", "`.` is not expected here", ""),
    ]);
}

#[test]
fn the_expected_type_is_checked_against_the_whole() {
    use super::{Expression, Type, environment};
    let found = Expression::compile("record.stage", &environment(), Some(&Type::Bool)).unwrap_err();
    assert_eq!(found[0].span, 0..12);
    assert_eq!(
        found[0].message,
        "this is text, but a boolean is needed here"
    );
    assert!(Expression::compile("record.count", &environment(), Some(&Type::Decimal)).is_ok());
    assert!(Expression::compile("body.x", &environment(), Some(&Type::Bool)).is_ok());
}
