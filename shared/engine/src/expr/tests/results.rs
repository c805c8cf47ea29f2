//! Expressions and their values in JSON normal form.

use serde_json::json;

use super::evaluate;

/// Writes a test of a table, and the table's sources for other tests.
macro_rules! results {
    ($($name:ident { $($source:literal => $value:tt),* $(,)? })*) => {
        $(
            #[test]
            fn $name() {
                check([$(($source, json!($value))),*]);
            }
        )*

        /// Every expression of the tables.
        pub(in crate::expr) fn sources() -> impl Iterator<Item = &'static str> {
            [$($($source),*),*].into_iter()
        }
    };
}

#[track_caller]
fn check<const N: usize>(table: [(&str, serde_json::Value); N]) {
    let wrong: Vec<_> = table
        .into_iter()
        .map(|(source, value)| (source, evaluate(source), Ok(Some(value))))
        .filter(|(_, found, expected)| found != expected)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

results! {
    numbers_are_exact {
        "1 + 2 * 3" => 7,
        "7 / 2" => 3,
        "-7 % 3" => (-1),
        "--7 - -1" => 8,
        "body.id + 1" => 43,
        "-record.count" => (-3),
        "0.1 + 0.2" => "0.3",
        "record.amount * 2" => "100001.00",
        "record.amount / 4" => "12500.1250",
        "record.amount + record.count" => "50003.50",
        "1 / 3.0 * 3.0 < 1" => true,
        "record.amount > 50000" => true,
        "record.amount == 50000.5" => true,
        "body.ratio * 2.0" => 3.0,
        "body.ratio > 1" => true,
        "body.ratio == 1.5" => true,
        "decimal(body.ratio) + 0.25" => "1.75",
        "decimal(body.price) * 2" => "25.00",
        "int('42') + int(2.9)" => 44,
        "double(record.count)" => 3.0,
        "cents(1250)" => "12.50",
        "ratio(1, 4)" => "0.25",
        "money(1234.5, 'USD')" => "$1,234.50",
        "money(-0.005, 'eur')" => "-€0.01",
        "money(1234567, 'JPY')" => "¥1,234,567",
        "money(1, 'CHF')" => "CHF 1.00",
    }

    text_functions_are_functions_and_methods {
        "'a' + 'b'" => "ab",
        "record.stage == 'open'" => true,
        "size('äöü')" => 3,
        "body.event.startsWith('invitee.')" => true,
        "endsWith(body.event, 'created')" => true,
        "body.event.contains('tee')" => true,
        "body.event.matches('^invitee\\\\.(created|canceled)$')" => true,
        "'x1'.matches('[a-z]' + '[0-9]')" => true,
        "lower('ÄB')" => "äb",
        "'ab'.upper()" => "AB",
        "body.text.trim()" => "Ann Lee",
        "slug(' Ann  Lee & Söhne! ')" => "ann-lee-söhne",
        "'a,b'.split(',')" => ["a", "b"],
        "record.tags.join('-')" => "b-a-vip",
        "join(['a', 'b'])" => "ab",
        "replace('a.b', '.', '/')" => "a/b",
        "hash('abc')" => "ba7816bf8f01cfea414140de5dae2223",
        "string(record.amount) + string(1) + string(true)" => "50000.501true",
        "string(record.starts_at)" => "2026-11-20T15:30:00Z",
        "bool('true')" => true,
        "'Ann' < 'Bob'" => true,
    }

    times_use_the_tenants_zone {
        "record.starts_at - duration('30m')" => "2026-11-20T15:00:00Z",
        "duration('1d') + record.starts_at" => "2026-11-21T15:30:00Z",
        "record.starts_at + duration('1mo')" => "2026-12-20T15:30:00Z",
        "record.starts_at - now" => "210m",
        "record.starts_at > now" => true,
        "record.starts_at < timestamp('2027-01-01T00:00:00Z')" => true,
        "timestamp(body.at)" => "2025-06-15T15:06:40Z",
        "date(timestamp(body.when))" => "2026-11-19",
        "record.due == date('2026-11-20')" => true,
        "record.due + record.grace" => "2026-11-22",
        "record.due - date('2026-11-01')" => "19d",
        "duration('24h') == duration('1d')" => true,
        "duration('90m') - duration('30m')" => "1h",
        "-duration('2h')" => "-2h",
        "record.starts_at.getHours()" => 10,
        "record.starts_at.getHours('UTC')" => 15,
        "getMinutes(record.starts_at)" => 30,
        "getSeconds(record.starts_at)" => 0,
        "record.due.getFullYear()" => 2026,
        "record.due.getMonth()" => 10,
        "record.due.getDate()" => 20,
        "record.due.getDayOfWeek()" => 5,
        "local(record.starts_at, '%a %H:%M')" => "Fri 10:30",
        "at_time(record.due, '10:00')" => "2026-11-20T15:00:00Z",
        "business_days(record.due, 2)" => "2026-11-24",
        "business_days(record.starts_at, -1)" => "2026-11-19T15:30:00Z",
    }

    lists_and_objects_are_read_by_their_types {
        "record.tags[1]" => "a",
        "record.lines[0].price + 1" => "11.10",
        "record.lines.map(l, l.price)" => ["10.10", "2.90"],
        "sum(record.lines.map(l, l.price))" => "13.00",
        "record.lines.filter(l, l.price > 5).map(l, l.sku)" => ["A"],
        "record.lines.map(l, l.price < 5, l.sku)" => ["B"],
        "record.tags.exists(t, t == 'vip')" => true,
        "record.tags.all(t, size(t) < 3)" => false,
        "record.tags.exists_one(t, t.startsWith('v'))" => true,
        "record.lines.exists(l, record.tags.exists(t, t == l.sku.lower()))" => true,
        "'vip' in record.tags" => true,
        "body.event in ['invitee.created', 'invitee.canceled']" => true,
        "'deep' in body.nested" => true,
        "size(body.items)" => 2,
        "record.tags + ['c']" => ["b", "a", "vip", "c"],
        "sort(record.tags)" => ["a", "b", "vip"],
        "body.items.sort_by('n').map(i, i.n)" => [1, 2],
        "max(record.visits)" => "2026-03-01T09:00:00Z",
        "min(3, 1, 2)" => 1,
        "sum([])" => 0,
        "{'a': 1, 'b': {'c': record.amount}}.b.c" => "50000.50",
        "{'a': body.none, 'b': 2}" => { "b": 2 },
        "body.nested['deep'].leaf" => "yes",
        "record.tags == ['b', 'a', 'vip']" => true,
        "body.nested.map(k, k)" => ["deep"],
    }

    what_is_unset_equals_only_null {
        "record.nickname == null" => true,
        "null == body.none" => true,
        "body.missing.far.away == null" => true,
        "record.nickname != 'x'" => true,
        "record.fee == 1" => false,
        "default(record.nickname, 'friend')" => "friend",
        "record.fee.default(0)" => "0",
        "default(body.items[9].n, 7)" => 7,
        "default(default(body.a, body.b), 'c')" => "c",
        "has(body.nested.deep.leaf)" => true,
        "has(body.nested.wide.leaf.more)" => false,
        "has(record.nickname)" => false,
        "has(record.patient.phone)" => true,
        "has(body.items[5].n)" => false,
        "ran(steps.book)" => true,
        "steps.check.ran()" => false,
        "[body.none, 1]" => [null, 1],
        "record.active ? 'yes' : 'no'" => "yes",
        "default(ratio(1, 0), 0)" => "0",
        "record.active ? 1 : 2.5" => "1",
        "[1, 2.5]" => ["1", "2.5"],
    }

    references_are_read_from_the_strong_reads {
        "record.patient" => "p1",
        "record.patient == patient" => true,
        "record.patient.phone" => "+12025550123",
        "record.patient.born < date('2000-01-01')" => true,
        "record.patient.account.name" => "Lee & Co",
        "patient.name + '!'" => "Ann!",
        "patient.account == 'a1'" => true,
    }
}
