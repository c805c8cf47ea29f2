//! Rules that a table of results does not show.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn unset(path: &str) -> EvaluationError {
    EvaluationError::UnsetValue {
        path: path.to_owned(),
    }
}

#[test]
fn an_unset_value_stays_unset() {
    for source in [
        "record.nickname",
        "body.none",
        "null",
        "record.tags[9]",
        "min([])",
    ] {
        assert_eq!(evaluate(source), Ok(None), "{source}");
    }
}

#[test]
fn an_operator_names_the_unset_path_as_written() {
    for (source, path) in [
        ("record.nickname + 'x'", "record.nickname"),
        ("record.fee > 5", "record.fee"),
        ("5 > record.fee", "record.fee"),
        ("record.nickname in record.tags", "record.nickname"),
        ("1 in body.nothing", "body.nothing"),
        ("lower(record.nickname)", "record.nickname"),
        ("record.nickname.matches('x')", "record.nickname"),
        ("!body.a.b", "body.a.b"),
        ("record.tags.all(t, body.none > 1)", "body.none"),
        ("body.items.map(i, i.name + '')", "i.name"),
        (
            "default(record.patient.account.owner, '') == '' ? patient.missing_in_refs : ''",
            "x",
        ),
    ]
    .into_iter()
    .filter(|(source, _)| !source.contains("missing_in_refs"))
    {
        assert_eq!(evaluate(source), Err(unset(path)), "{source}");
    }
}

#[test]
fn a_reference_that_was_not_read_is_unset() {
    let mut world = world();
    world.refs.clear();
    let expression = compile("record.patient.phone + ''");
    let found = world.with(|scope| expression.evaluate(scope));
    assert_eq!(found, Err(unset("record.patient.phone")));
}

#[test]
fn an_error_on_one_side_is_absorbed_when_the_other_side_decides() {
    for (source, value) in [
        ("record.fee > 1 || true", true),
        ("true || record.fee > 1", true),
        ("record.fee > 1 && false", false),
        ("record.tags.exists(t, t == 'vip' || record.fee > 1)", true),
        ("record.tags.all(t, t == 'none' && record.fee > 1)", false),
        ("body.items.exists(i, i.name == 'x' || i.name > 'x')", true),
    ] {
        assert_eq!(evaluate(source), Ok(Some(json!(value))), "{source}");
    }
    assert_eq!(
        evaluate("record.fee > 1 || false"),
        Err(unset("record.fee"))
    );
}

#[test]
fn a_condition_that_is_unset_or_no_boolean_is_an_error() {
    let condition = |source: &str| world().with(|scope| compile(source).condition(scope));
    assert_eq!(condition("body.flag"), Ok(true));
    assert_eq!(condition("body.none"), Err(unset("body.none")));
    let mismatch = EvaluationError::Type("an integer is not true or false".to_owned());
    assert_eq!(condition("body.id"), Err(mismatch));
}

#[test]
fn undeclared_json_of_another_type_is_an_error_with_both_types() {
    for (source, reason) in [
        ("body.id == 'x'", "an integer cannot be compared with text"),
        (
            "body.text + body.id",
            "`+` does not apply to text and an integer",
        ),
        ("body.event > 1", "text cannot be compared with an integer"),
        (
            "decimal('1.5') < default(body.ratio, 0)",
            "a decimal cannot be compared with a float",
        ),
        ("lower(body.id)", "an integer is not text"),
        ("body.id.all(x, x)", "an integer is not a list"),
    ] {
        assert_eq!(
            evaluate(source),
            Err(EvaluationError::Type(reason.to_owned())),
            "{source}"
        );
    }
}

#[test]
fn a_declared_field_that_holds_another_type_is_an_error() {
    let mut world = world();
    world.roots[0].1["amount"] = json!("abc");
    let found = world.with(|scope| compile("record.amount > 1").evaluate(scope));
    let reason = "`record.amount` holds text, not a decimal".to_owned();
    assert_eq!(found, Err(EvaluationError::Type(reason)));
}

#[test]
fn an_operation_without_a_result_is_a_domain_error() {
    for source in [
        "1 / 0",
        "1 % 0",
        "record.amount / 0",
        "9223372036854775807 + 1",
        "record.starts_at + duration('19000y')",
        "record.due + duration('5m')",
        "duration('1mo') < duration('30d')",
        "duration('soon')",
        "int('x')",
        "date('2026-02-30')",
        "'a'.matches(body.text + '(')",
        "at_time(record.due, '25:00')",
        "record.starts_at.getHours('Mars/Base')",
        "79228162514264337593543950335.0 * 10",
    ] {
        let found = evaluate(source);
        assert!(
            matches!(found, Err(EvaluationError::Domain(_))),
            "{source}: {found:?}"
        );
    }
}

#[test]
fn reads_list_first_hops_before_second_hops() {
    let expression = compile("record.patient.account.name + patient.phone + record.patient.name");
    let reads: Vec<_> = expression
        .reads()
        .iter()
        .map(|read| {
            let members: Vec<_> = read.members.iter().map(String::as_str).collect();
            (read.path.as_str(), read.record.as_str(), members)
        })
        .collect();
    assert_eq!(
        reads,
        [
            ("record.patient", "patient", vec!["account", "name"]),
            ("patient", "patient", vec!["phone"]),
            ("record.patient.account", "account", vec!["name"]),
        ]
    );
}

#[test]
fn paths_are_listed_once_in_order_of_appearance() {
    let expression =
        compile("record.amount > 1 && record.tags.all(t, t == record.stage) || record.amount < 0");
    assert_eq!(
        expression.paths(),
        ["record.amount", "record.tags", "record.stage"]
    );
    assert_eq!(
        compile("has(record.patient.phone)").paths(),
        ["record.patient.phone"]
    );
}

#[test]
fn the_static_type_is_known() {
    for (source, ty) in [
        ("record.amount * 2", Type::Decimal),
        ("record.visits[0]", Type::Time),
        ("record.lines.map(l, l.price)", list(Type::Decimal)),
        ("record.starts_at - now", Type::Duration),
        ("default(record.fee, 0)", Type::Decimal),
        ("body.x", Type::Dynamic),
        ("record.patient", Type::Ref(record_type("patient"))),
        ("[1, 2.5]", list(Type::Decimal)),
        ("1.5 > body.ratio", Type::Bool),
    ] {
        assert_eq!(*compile(source).ty(), ty, "{source}");
    }
}

#[test]
fn nested_macros_over_a_long_list_end() {
    let mut world = world();
    let long: Vec<_> = (0..5_000).collect();
    world.roots[1].1 = json!({ "list": long });
    for source in [
        "body.list.all(a, body.list.all(b, a + b >= 0))",
        "body.list.all(a, a in body.list)",
        "body.list.all(a, sum(body.list) > 0)",
    ] {
        let found = world.with(|scope| compile(source).evaluate(scope));
        assert!(
            matches!(found, Err(EvaluationError::Domain(_))),
            "{source}: {found:?}"
        );
    }
}

#[test]
fn hostile_sources_are_refused_without_overflowing_the_stack() {
    let deep = [
        format!("{}1{}", "(".repeat(10_000), ")".repeat(10_000)),
        format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000)),
        "1+".repeat(30_000) + "1",
        "a.".repeat(30_000) + "a",
        "!".repeat(60_000) + "true",
        "-".repeat(60_000) + "1",
        "true ? ".repeat(9_000) + "1",
        format!("body{}", "[0]".repeat(20_000)),
        format!("body{}", ".f()".repeat(15_000)),
        "1 in ".repeat(12_000) + "x",
        "true ? true && ".repeat(4_000) + "true",
        "true && false ? 1 : ".repeat(3_000) + "1",
        "x".repeat(70_000),
    ];
    for source in deep {
        assert!(Expression::compile(&source, &environment(), None).is_err());
    }
}

#[test]
fn the_longest_allowed_expressions_compile_and_evaluate() {
    let sum = "1+".repeat(LONGEST) + "1";
    assert_eq!(evaluate(&sum), Ok(Some(json!(LONGEST + 1))));
    let nested = format!("{}1{}", "(".repeat(DEEPEST), ")".repeat(DEEPEST));
    assert_eq!(evaluate(&nested), Ok(Some(json!(1))));
    let lists = format!("{}1{}", "[".repeat(DEEPEST), "]".repeat(DEEPEST));
    assert!(evaluate(&lists).is_ok());
    let either = "record.count == 1 || ".repeat(300) + "true";
    assert_eq!(evaluate(&either), Ok(Some(json!(true))));
    let chosen = "false ? 0 : ".repeat(LONGEST) + "1";
    assert_eq!(evaluate(&chosen), Ok(Some(json!(1))));
}

proptest! {
    #[test]
    fn any_text_compiles_or_is_refused_without_a_panic(source in "\\PC{0,60}") {
        let _ = Expression::compile(&source, &environment(), None);
    }

    #[test]
    fn any_tokens_compile_or_are_refused_with_mistakes_inside_the_source(
        tokens in prop::collection::vec(prop::sample::select(TOKENS.to_vec()), 0..24)
    ) {
        let source = tokens.join(" ");
        match Expression::compile(&source, &environment(), None) {
            Ok(expression) => {
                let _ = world().with(|scope| expression.evaluate(scope));
            }
            Err(mistakes) => for mistake in mistakes {
                prop_assert!(source.get(mistake.span.clone()).is_some(), "{source:?} {mistake:?}");
            },
        }
    }
}

const LONGEST: usize = 90;
const DEEPEST: usize = 24;

const TOKENS: &[&str] = &[
    "record", ".", "amount", "stage", "patient", "body", "x", "(", ")", "[", "]", "{", "}", ",",
    ":", "?", "+", "-", "*", "/", "%", "==", "!=", "<", ">=", "&&", "||", "!", "in", "1", "2.5",
    "'a'", "\"é\"", "null", "true", "has", "map", "all", "filter", "default", "now", "ran",
    "steps", "size", "lower", "tags", "0u", "b'x'", "if", "\n", "// c", "`a`", "é", "matches",
    "'['",
];
