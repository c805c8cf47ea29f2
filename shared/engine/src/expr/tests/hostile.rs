//! Sources and data that want to hang, overflow or panic.

use std::sync::{LazyLock, Mutex};

use proptest::prelude::*;
use serde_json::json;

use super::super::Template;
use super::*;

const LONGEST: usize = 90;
const DEEPEST: usize = 24;

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
    let macros = format!(
        "{}true{}",
        "body.nested.all(k, ".repeat(DEEPEST),
        ")".repeat(DEEPEST)
    );
    assert_eq!(evaluate(&macros), Ok(Some(json!(true))));
    let compared = format!("{}1 == 90 && true", "1+".repeat(LONGEST - 1));
    assert_eq!(evaluate(&compared), Ok(Some(json!(true))));
    let chosen = "false ? 0 : ".repeat(LONGEST) + "1";
    assert_eq!(evaluate(&chosen), Ok(Some(json!(1))));
}

#[test]
fn a_pattern_from_data_is_bounded() {
    for source in [
        "'a'.matches('(a{1,1000}){1,1000}' + '')",
        "'a'.matches(body.event + ' '.replace(' ', '                                ').replace(' ', '          '))",
    ] {
        let found = evaluate(source);
        assert!(
            matches!(found, Err(EvaluationError::Domain(_))),
            "{source}: {found:?}"
        );
    }
}

/// JSON of every shape, often of the shape that a field declares.
fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        "\\PC{0,8}".prop_map(Json::from),
        prop::sample::select(vec![
            "9999-12-30T22:00:00Z",
            "-9999-01-02",
            "79228162514264337593543950335",
            "-239976mo",
            "p1"
        ])
        .prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::vec(("price|sku|deep|n", inner), 0..4)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

fn compile_cached(source: &'static str) -> Expression {
    static COMPILED: LazyLock<Mutex<BTreeMap<&'static str, Expression>>> =
        LazyLock::new(Mutex::default);
    let mut compiled = COMPILED.lock().unwrap();
    compiled
        .entry(source)
        .or_insert_with(|| compile(source))
        .clone()
}

#[test]
fn hostile_templates_are_refused_without_overflowing_the_stack() {
    let deep = [
        format!("{{{{ {}1{} }}}}", "(".repeat(10_000), ")".repeat(10_000)),
        format!("{{{{ {}1{} }}}}", "[".repeat(10_000), "]".repeat(10_000)),
        format!("{{{{ {}true }}}}", "not ".repeat(10_000)),
        "{% if true %}".repeat(10_000),
        format!("{{{{ {}1 }}}}", "1 ~ ".repeat(20_000)),
        format!("{{{{ body{} }}}}", "|upper".repeat(20_000)),
        format!("{{{{ body{} }}}}", ".a".repeat(20_000)),
    ];
    let compile =
        |source: &str| Template::compile("a.txt", source, &environment(), &BTreeMap::new());
    for source in deep {
        assert!(compile(&source).is_err());
    }
    let longest = [
        format!("{{{{ {}1 }}}}", "1 ~ ".repeat(99)),
        format!("{{{{ 'a'{} }}}}", "|upper".repeat(100)),
        format!("{{{{ {}true }}}}", "true and ".repeat(98)),
    ];
    for source in longest {
        assert!(compile(&source).is_ok(), "{source}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn any_text_compiles_or_is_refused_without_a_panic(source in "\\PC{0,60}") {
        let _ = Expression::compile(&source, &environment(), None);
    }

    #[test]
    fn any_data_is_evaluated_without_a_panic(data in prop::collection::vec(any_json(), 16)) {
        let mut world = world();
        let mut data = data.into_iter();
        for (_, root) in &mut world.roots {
            for (_, value) in root.as_object_mut().into_iter().flatten() {
                *value = data.next().unwrap_or_default();
            }
        }
        for source in super::results::sources() {
            let _ = world.with(|scope| compile_cached(source).evaluate(scope));
        }
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

const TOKENS: &[&str] = &[
    "record", ".", "amount", "stage", "patient", "body", "x", "(", ")", "[", "]", "{", "}", ",",
    ":", "?", "+", "-", "*", "/", "%", "==", "!=", "<", ">=", "&&", "||", "!", "in", "1", "2.5",
    "'a'", "\"é\"", "null", "true", "has", "map", "all", "filter", "default", "now", "ran",
    "steps", "size", "lower", "tags", "0u", "b'x'", "if", "\n", "// c", "`a`", "é", "matches",
    "'['",
];
