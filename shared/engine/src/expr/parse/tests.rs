//! The parser beside another one of the same grammar, and the rules that the other does not have.

use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue, operators};
use cel::parser::{Expression as Other, Parser};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::{Form, Tree, parse};
use crate::expr::ir::Comparison;

/// One notation for the trees of both parsers: an operation is a list that begins with its sign.
fn noted(sign: &str, parts: &[String]) -> String {
    let open = format!("({sign} ");
    let inner = |part: &String| {
        let inner = part.strip_prefix(&open)?.strip_suffix(')');
        inner.map(str::to_owned)
    };
    match (sign, parts) {
        // The other parser lets two signs cancel each other; ours keeps both.
        ("not" | "neg", [part]) => inner(part).unwrap_or_else(|| format!("{open}{part})")),
        // What is joined by `&&` has no order of joining.
        ("&&" | "||", parts) => {
            let terms: Vec<_> = parts
                .iter()
                .map(|part| inner(part).unwrap_or_else(|| part.clone()))
                .collect();
            format!("{open}{})", terms.join(" "))
        }
        _ => format!("{open}{})", parts.join(" ")),
    }
}

fn ours(tree: &Tree<'_>) -> String {
    let both = |sign: &str, pair: &[Tree<'_>]| {
        let parts: Vec<_> = pair.iter().map(ours).collect();
        noted(sign, &parts)
    };
    match &tree.form {
        Form::Null => "null".to_owned(),
        Form::Bool(value) => value.to_string(),
        Form::Int(value) => value.to_string(),
        Form::Fraction(text) => format!("{:?}", text.parse::<f64>().unwrap()),
        Form::Text(text) => format!("{text:?}"),
        Form::Refused(..) => "refused".to_owned(),
        Form::Name(name) => (*name).to_owned(),
        Form::Select(owner, field) => noted(".", &[ours(owner), field.text.to_owned()]),
        Form::Index(pair) => both("[]", &**pair),
        Form::Call(call) => {
            let receiver = if call.target.is_some() { "." } else { "" };
            let parts = call.target.as_deref().into_iter().chain(&call.arguments);
            let parts: Vec<_> = parts.map(ours).collect();
            // One macro has two names.
            let name = call.name.text.replace("existsOne", "exists_one");
            noted(&format!("{receiver}{name}"), &parts)
        }
        Form::Not(operand) => noted("not", &[ours(operand)]),
        Form::Negate(operand) => noted("neg", &[ours(operand)]),
        Form::And(pair) => both("&&", &**pair),
        Form::Or(pair) => both("||", &**pair),
        Form::Choice(parts) => both("?:", &**parts),
        Form::Compare(comparison, pair) => both(sign(*comparison), &**pair),
        Form::Arithmetic(operator, pair) => both(&operator.sign().to_string(), &**pair),
        Form::In(pair) => both("in", &**pair),
        Form::List(elements) => both("list", elements),
        Form::Map(entries) => {
            let parts: Vec<_> = entries.iter().flatten().map(ours).collect();
            noted("map", &parts)
        }
    }
}

fn sign(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => "==",
        Comparison::NotEqual => "!=",
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => ">=",
    }
}

fn theirs(tree: &Other) -> String {
    match &tree.expr {
        Expr::Literal(LiteralValue::Null) => "null".to_owned(),
        Expr::Literal(LiteralValue::Boolean(value)) => value.inner().to_string(),
        Expr::Literal(LiteralValue::Int(value)) => value.inner().to_string(),
        Expr::Literal(LiteralValue::Double(value)) => format!("{:?}", value.inner()),
        Expr::Literal(LiteralValue::String(value)) => format!("{:?}", value.inner()),
        Expr::Literal(_) | Expr::Struct(_) => "refused".to_owned(),
        Expr::Ident(name) => name.clone(),
        Expr::Select(select) if select.test => {
            let tested = noted(".", &[theirs(&select.operand), select.field.clone()]);
            noted("has", &[tested])
        }
        Expr::Select(select) => noted(".", &[theirs(&select.operand), select.field.clone()]),
        Expr::Call(call) => called(call),
        Expr::Comprehension(fold) => unfolded(fold),
        Expr::List(list) => {
            let parts: Vec<_> = list.elements.iter().map(theirs).collect();
            noted("list", &parts)
        }
        Expr::Map(map) => {
            let entries = map.entries.iter().map(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => [theirs(&entry.key), theirs(&entry.value)],
                EntryExpr::StructField(_) => panic!("a field in a map"),
            });
            let parts: Vec<_> = entries.flatten().collect();
            noted("map", &parts)
        }
        Expr::Unspecified => panic!("nothing was parsed"),
    }
}

fn called(call: &CallExpr) -> String {
    let parts = call.target.as_deref().into_iter().chain(&call.args);
    let parts: Vec<_> = parts.map(theirs).collect();
    let name = call.func_name.as_str();
    let sign = match name {
        operators::CONDITIONAL => "?:",
        operators::INDEX => "[]",
        operators::IN => "in",
        operators::LOGICAL_NOT => "not",
        operators::NEGATE => "neg",
        _ if name.starts_with(|c: char| c.is_ascii_alphabetic()) => name,
        _ => name.trim_matches('_'),
    };
    let receiver = if call.target.is_some() { "." } else { "" };
    noted(&format!("{receiver}{sign}"), &parts)
}

/// The macro that the other parser has expanded.
fn unfolded(fold: &ComprehensionExpr) -> String {
    let (range, variable) = (theirs(&fold.iter_range), fold.iter_var.clone());
    let arguments = |tree: &Other| match &tree.expr {
        Expr::Call(call) => call.args.clone(),
        _ => Vec::new(),
    };
    let step = arguments(&fold.loop_step);
    let appended = |tree: &Other| match arguments(tree).get(1).map(|list| &list.expr) {
        Some(Expr::List(list)) => theirs(&list.elements[0]),
        _ => panic!("nothing is appended"),
    };
    let (name, parts) = match (&fold.accu_init.expr, step.as_slice()) {
        (Expr::Literal(LiteralValue::Boolean(start)), [_, body]) if *start.inner() => {
            ("all", vec![theirs(body)])
        }
        (Expr::Literal(LiteralValue::Boolean(_)), [_, body]) => ("exists", vec![theirs(body)]),
        (Expr::Literal(LiteralValue::Int(_)), [body, ..]) => ("exists_one", vec![theirs(body)]),
        (_, [_, _]) => ("map", vec![appended(&fold.loop_step)]),
        (_, [filter, then, _]) => filtered(&variable, theirs(filter), appended(then)),
        (_, step) => panic!("no macro has such a step: {step:?}"),
    };
    noted(
        &format!(".{name}"),
        &[vec![range, variable], parts].concat(),
    )
}

/// `filter(x, p)` and `map(x, p, x)` expand to the same.
fn filtered(variable: &str, filter: String, body: String) -> (&'static str, Vec<String>) {
    if body == variable {
        ("filter", vec![filter])
    } else {
        ("map", vec![filter, body])
    }
}

/// What both parsers make of a text; nothing where it is refused.
fn both(source: &str) -> [Option<String>; 2] {
    let theirs_of = |source: &str| {
        let parsed = std::panic::catch_unwind(|| Parser::new().parse(source).ok());
        parsed.ok().flatten().as_ref().map(theirs)
    };
    [parse(source).ok().as_ref().map(ours), theirs_of(source)]
}

#[test]
fn every_expression_of_the_tests_has_the_tree_of_another_parser() {
    let more = [
        "a + b * c - d / e % f == g && !h || i ? j : k ? l : m",
        "a < b == c in d",
        "-a.b - -c.d()[1]",
        "--1 + !!true",
        "!-1.f()",
        "-0x1f + 0xFF + 1e3 + .5e-2 + 1.25E+2",
        "-9223372036854775808",
        "a.f(b, c.g()).h[i ? j : k].l",
        "f(-(a - b), -(1))",
        "{'a': [1, 2,], 'b': {},}",
        "[,]",
        "a.existsOne(x, x)",
        "a.all(x, x.exists(y, y.exists_one(z, z.map(u, u).filter(v, v).map(w, w > 1, -w))))",
        "has(a.b.c) && has(a[0].b)",
        "'a' + \"b\" + '''c'\nd''' + r'\\d' + R\"e\"",
        "'\\x41\\u00e9\\U0001F600\\101\\n\\t\\\\\\'\\\"\\`\\?\\a\\b\\f\\v\\r'",
        "a // comment\n + b",
        "a.if + b.while",
        "1u + b'x' == Foo{a: 1}",
    ];
    for source in crate::expr::tests::sources().chain(more) {
        let [ours, theirs] = both(source);
        assert!(ours.is_some(), "{source}");
        assert_eq!(ours, theirs, "{source}");
    }
}

/// What the other parser expands, and our checker looks at, may still be refused there.
#[test]
fn what_is_no_expression_is_none_for_another_parser() {
    let table = include_str!("../tests/mistakes.txt").lines();
    let mut refused = 0;
    let sources = table.filter_map(|row| row.split(" ~> ").next());
    // A dot that begins a name, for one from outside every container, is CEL and means nothing here.
    for source in sources.filter(|source| !source.starts_with('.')) {
        let [ours, theirs] = both(source);
        assert!(
            theirs.is_none() || ours == theirs,
            "{source}: {ours:?} {theirs:?}"
        );
        refused += usize::from(ours.is_none());
    }
    assert!(refused > 10, "{refused}");
}

#[test]
fn what_the_grammar_refuses_is_refused() {
    for source in [
        "",
        "a b",
        "a +",
        "(a",
        "a)",
        "[a",
        "{a}",
        "a.",
        "a.1",
        "a..b",
        "f(a,)",
        "a ? b",
        "a ? b ? c : d : e",
        "!-a",
        "-!a",
        "'a",
        "'\\q'",
        "'\\x4'",
        "'\\400'",
        "'\\ud800'",
        "'a\nb'",
        "if",
        "if(a)",
        "a.true",
        "in",
        "9223372036854775808",
        "1e999",
        "a = b",
        "a & b",
        "`a`",
        "#",
        "a.?b",
        "a[?b]",
        "rb'a'",
    ] {
        assert_eq!(both(source), [None, None], "{source}");
    }
}

#[test]
fn a_tree_of_conditions_is_no_deeper_than_it_must_be() {
    let many = "a && ".repeat(1_000) + "a";
    assert_eq!(parse(&many).map(|tree| tree.depth), Ok(11));
}

#[test]
fn what_groups_is_underlined_with_what_it_is_part_of() {
    let source = "((a) + 1) * (2)";
    let tree = parse(source).unwrap();
    assert_eq!(&source[tree.span.clone()], source);
    let Form::Arithmetic(_, pair) = &tree.form else {
        panic!("{tree:?}");
    };
    let spans = pair.each_ref().map(|part| &source[part.span.clone()]);
    assert_eq!(spans, ["(a) + 1", "2"]);
}

/// Words that are put together at random, but so that most of what comes out is an expression.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "a", "b.c", "null", "true", "1", "-2", "2.5", "1e3", "'t'", "\"\\n\"", "0x1F", "r'\\'",
        "[]", "{}",
    ]);
    leaf.prop_map(str::to_owned).prop_recursive(5, 40, 3, |inner| {
        let operator = prop::sample::select(vec![
            "+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||", " in ", ".", ",", ":",
        ]);
        let one = inner.clone();
        let two = (inner.clone(), inner.clone());
        let three = (inner.clone(), inner.clone(), inner.clone());
        let form = prop::sample::select(vec![
            "(X)", "!X", "-X", "[X]", "f(X)", "X.f()", "X.d", "has((X).d)", "X.all(v, v)", "X[0]",
        ]);
        prop_oneof![
            4 => (inner.clone(), operator, inner).prop_map(|(a, sign, b)| format!("{a}{sign}{b}")),
            3 => (form, one).prop_map(|(form, x)| form.replace('X', &x)),
            1 => two.prop_map(|(a, b)| format!("{{{a}: {b}}}")),
            1 => three.clone().prop_map(|(a, b, c)| format!("{a} ? {b} : {c}")),
            1 => three.prop_map(|(a, b, c)| format!("{a}.map(v, {b}, {c})")),
        ]
    })
}

#[test]
fn any_expression_has_the_tree_of_another_parser() {
    let mut accepted = 0;
    let mut runner = TestRunner::new(ProptestConfig::default());
    for _ in 0..300 {
        let source = expression().new_tree(&mut runner).unwrap().current();
        let [ours, theirs] = both(&source);
        assert_eq!(ours, theirs, "{source}");
        accepted += usize::from(ours.is_some());
    }
    assert!(accepted > 100, "only {accepted} were expressions");
}

/// Pieces that texts and their escapes are made of, and that end in the middle of one.
fn pieces() -> impl Strategy<Value = String> {
    let pieces = "' \" \\ r b é \n \r x u 4 ''' \u{1f600} { // .";
    let one = prop::sample::select(pieces.split(' ').collect::<Vec<_>>());
    prop::collection::vec(one, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_mistake_is_inside_the_text(source in prop_oneof![pieces(), "\\PC{0,60}"]) {
        if let Err(mistake) = parse(&source) {
            prop_assert!(source.get(mistake.span.clone()).is_some(), "{source:?}: {mistake:?}");
        }
    }
}
