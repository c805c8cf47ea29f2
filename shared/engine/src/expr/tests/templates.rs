//! Templates: what they print, and what is refused.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::Template;
use super::*;

fn files() -> BTreeMap<String, String> {
    [
        ("sms/footer.txt", "Lee Dental, {{ record.stage }}"),
        ("sms/wrong.txt", "{{ record.stge }}"),
        ("sms/line.txt", "{{ line.sku }};"),
        ("sms/loop.txt", "{% include 'sms/loop.txt' %}"),
    ]
    .map(|(path, text)| (path.to_owned(), text.to_owned()))
    .into()
}

fn compile(source: &str) -> Result<Template, Vec<Mistake>> {
    Template::compile("sms/test.txt", source, &environment(), &files())
}

fn render(source: &str) -> Result<String, EvaluationError> {
    let template = compile(source).unwrap_or_else(|mistakes| panic!("{source}: {mistakes:?}"));
    world().with(|scope| template.render(scope))
}

const PRINTED: &[(&str, &str)] = &[
    ("plain", "plain"),
    ("{{ record.amount }}", "50000.50"),
    ("{{ record.amount | money('USD') }}", "$50,000.50"),
    ("{{ record.starts_at }}", "2026-11-20T15:30:00Z"),
    ("{{ record.starts_at | local('%H:%M') }}", "10:30"),
    ("{{ record.starts_at | date }}", "2026-11-20"),
    ("{{ now | local('%Y') }}", "2026"),
    ("{{ record.grace }}", "2d"),
    ("{{ record.count + 1 }}", "4"),
    ("{{ record.stage | upper }}", "OPEN"),
    ("{{ body.text | trim | slug }}", "ann-lee"),
    ("{{ record.tags | join(', ') }}", "b, a, vip"),
    (
        "{% for line in record.lines %}{{ line.price }} {% endfor %}",
        "10.10 2.90 ",
    ),
    (
        "{% for at in record.visits | sort %}{{ at | local('%b') }} {% endfor %}",
        "Jan Mar ",
    ),
    ("{{ record.nickname | default('friend') }}", "friend"),
    (
        "{% if record.nickname is defined %}a{% else %}b{% endif %}",
        "b",
    ),
    ("{{ record.patient }} {{ record.patient.name }}", "p1 Ann"),
    ("{{ record.patient.account.name }}", "Lee & Co"),
    ("{{ patient.born | local('%d.%m.%Y') }}", "03.02.1990"),
    ("{{ body.nested.deep.leaf }}", "yes"),
    ("{{ body.items[0].name }}", "x"),
    (
        "{% if record.active %}{{ record.stage }}{% endif %}",
        "open",
    ),
    ("{% include 'sms/footer.txt' %}", "Lee Dental, open"),
    (
        "{% for line in record.lines %}{% include 'sms/line.txt' %}{% endfor %}",
        "A;B;",
    ),
];

#[test]
fn values_print_in_their_normal_form_unless_filtered() {
    for (source, text) in PRINTED {
        assert_eq!(render(source).as_deref(), Ok(*text), "{source}");
    }
}

#[test]
fn printing_an_unset_value_names_its_path() {
    for (source, path) in [
        ("Hi {{ record.nickname }}!", "record.nickname"),
        ("{{ record.fee | money('USD') }}", "record.fee"),
        ("{{ record.nickname | upper }}", "record.nickname"),
        ("{{ body.none }}", "body.none"),
        ("{{ body.missing.deeper }}", "body.missing.deeper"),
        (
            "{{ record.patient.account.owner }}",
            "record.patient.account.owner",
        ),
        ("{% if record.nickname %}x{% endif %}", "record.nickname"),
    ] {
        let unset = EvaluationError::UnsetValue {
            path: path.to_owned(),
        };
        assert_eq!(render(source), Err(unset), "{source}");
    }
}

#[test]
fn mistakes_are_underlined_and_explained() {
    let table = include_str!("template_mistakes.txt");
    super::mistakes::check(table, |source| compile(source).expect_err(source));
}

#[test]
fn reads_and_paths_include_those_of_included_files() {
    let template =
        compile("{{ record.patient.phone }} {{ patient.name }}{% include 'sms/footer.txt' %}")
            .unwrap();
    assert_eq!(
        template.paths(),
        ["record.patient.phone", "patient.name", "record.stage"]
    );
    let reads: Vec<_> = template
        .reads()
        .iter()
        .map(|read| read.path.as_str())
        .collect();
    assert_eq!(reads, ["record.patient", "patient"]);
}

#[test]
fn a_filter_without_a_result_is_a_domain_error() {
    let found = render("{{ record.stage | decimal }}");
    assert_eq!(
        found,
        Err(EvaluationError::Domain(
            "`open` is not a decimal".to_owned()
        ))
    );
}

#[test]
fn html_files_escape_what_they_print() {
    let template = Template::compile(
        "mail.html",
        "{{ record.patient.account.name }}",
        &environment(),
        &files(),
    );
    let text = world().with(|scope| template.unwrap().render(scope));
    assert_eq!(text.as_deref(), Ok("Lee &amp; Co"));
}

proptest! {
    #[test]
    fn any_text_compiles_or_is_refused_without_a_panic(source in "\\PC{0,60}") {
        let _ = compile(&source);
    }

    #[test]
    fn any_tags_compile_or_are_refused_with_mistakes_inside_the_source(
        tokens in prop::collection::vec(prop::sample::select(TOKENS.to_vec()), 0..20)
    ) {
        let source = tokens.join(" ");
        match compile(&source) {
            Ok(template) => {
                let _ = world().with(|scope| template.render(scope));
            }
            Err(mistakes) => for mistake in mistakes {
                prop_assert!(source.get(mistake.span.clone()).is_some(), "{source:?} {mistake:?}");
            },
        }
    }
}

const TOKENS: &[&str] = &[
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "#}",
    "record.stage",
    "record.amount",
    "body.items",
    "|",
    "upper",
    "money('USD')",
    "for",
    "in",
    "if",
    "else",
    "endif",
    "endfor",
    "x",
    "set",
    "=",
    "1",
    "'é'",
    "(",
    ")",
    "[",
    "]",
    "~",
    "include",
    "'sms/footer.txt'",
    "macro",
    "endmacro",
    "block",
    "is",
    "defined",
];
