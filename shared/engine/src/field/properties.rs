//! What holds for every field type: any value is judged, and a normal form is its own.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn scalars() -> Vec<Field> {
    let plain = [
        Kind::String,
        Kind::Integer,
        Kind::Decimal,
        Kind::Boolean,
        Kind::Date,
        Kind::Datetime,
        Kind::Duration,
        Kind::Timezone,
        Kind::Phone,
        Kind::Email,
        Kind::Url,
        Kind::Ref(RecordType::new("patient").unwrap()),
    ];
    plain
        .into_iter()
        .map(Field::of)
        .chain(constrained())
        .collect()
}

fn constrained() -> [Field; 3] {
    let (mut choice, mut money, mut phone) = (
        Field::of(Kind::Enum),
        Field::of(Kind::Decimal),
        Field::of(Kind::Phone),
    );
    choice.values = vec!["a".to_owned(), "b".to_owned()];
    money.scale = Some(2);
    phone.region = Some("US".to_owned());
    [choice, money, phone]
}

fn kinds() -> impl Strategy<Value = Field> {
    let scalars = scalars();
    let named = |(index, field): (usize, &Field)| (format!("m{index}"), field.clone());
    let object = Field::of(Kind::Object(
        scalars.iter().enumerate().map(named).collect(),
    ));
    let list = |of: &Field| Field::of(Kind::List(Box::new(of.clone())));
    let lists: Vec<Field> = scalars.iter().map(list).collect();
    let whole = [object, Field::of(Kind::AnyObject)];
    proptest::sample::select([scalars, lists, whole.to_vec()].concat())
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC*",
        "-?[0-9]{1,30}(\\.[0-9]{1,30})?",
        "[0-9]{4}-[0-9]{2}-[0-9]{2}",
        "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])[Tt ]([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\\.[0-9]{1,12})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])",
        "-?[0-9]{1,12}(s|m|h|d|w|mo|y)",
        "\\+?[0-9() .-]{5,16}( ?x[0-9]{1,4})?",
        "[a-zA-Z0-9.+]{1,20}@[a-zA-Z0-9äß.-]{1,30}\\.(com|DE|ελ)",
        "[hH]ttps?://[a-zA-Z0-9äß.-]{1,20}(:[0-9]{1,5})?(/[^\\s\\\\]{0,20})?(\\?[^\\s\\\\]{0,20})?",
        "(america|Europe|ETC)/(new_york|BERLIN|utc)",
        "true|false|a|b",
    ]
}

fn values() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        4 => texts().prop_map(Json::String),
        1 => any::<i64>().prop_map(Json::from),
        1 => any::<u64>().prop_map(Json::from),
        1 => any::<f64>().prop_map(|float| json!(float)),
        1 => (-1e6..1e6_f64).prop_map(|float| json!((float * 100.0).round() / 100.0)),
        1 => any::<bool>().prop_map(Json::Bool),
        1 => Just(Json::Null),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        let members = proptest::collection::btree_map("m1?[0-9]", inner.clone(), 0..6);
        prop_oneof![
            proptest::collection::vec(inner, 0..4).prop_map(Json::Array),
            members.prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn a_normal_form_is_its_own_normal_form(field in kinds(), value in values()) {
        let listed = matches!(field.kind, Kind::List(_)) && !value.is_array();
        let value = if listed { json!([value]) } else { value };
        if let Ok(normal) = accept(&field, &value) {
            prop_assert_eq!(accept(&field, &normal).ok(), Some(normal));
        }
    }

    #[test]
    fn a_text_that_is_accepted_is_accepted_again(field in kinds(), text in texts()) {
        if let Ok(normal) = accept(&field, &Json::String(text)) {
            prop_assert_eq!(accept(&field, &normal).ok(), Some(normal));
        }
    }

    #[test]
    fn a_masked_report_holds_nothing_of_the_value(field in kinds(), secret in "qz[qz]{6,20}") {
        let field = Field { pii: true, ..field };
        if let Err(found) = accept(&field, &json!([secret])) {
            prop_assert!(!serde_json::to_string(&found).unwrap().contains(&secret));
        }
    }
}
