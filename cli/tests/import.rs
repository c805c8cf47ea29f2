//! Files whose rows become records: with mistakes, killed on the way, by the thousand.

#[cfg(test)]
mod import {
    pub(crate) mod bulk;
    pub(crate) mod killed;
}
#[cfg(test)]
mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use support::{Serving, code, err, holdfast, json, out, root};
use tempfile::TempDir;

#[cfg(test)]
fn shop() -> String {
    root().join("cli/tests/packs/shop").display().to_string()
}

/// A folder that was served once, so that it knows the shop, and is served no more.
#[cfg(test)]
fn idle() -> TempDir {
    Serving::with(&["--dev", &shop()]).stop()
}

#[cfg(test)]
fn import(data: &Path, file: &Path, more: &[&str]) -> std::process::Output {
    let (data, file) = (data.display().to_string(), file.display().to_string());
    let fixed = [
        "--json", "import", "shop", "customer", &file, "--data", &data,
    ];
    holdfast(&[&fixed[..], more].concat())
}

/// How many rows came to each verdict.
#[cfg(test)]
fn counts(summary: &Json) -> [u64; 5] {
    ["created", "updated", "unchanged", "review", "refused"]
        .map(|verdict| summary[verdict].as_u64().unwrap())
}

/// The verdicts of an import, by row.
#[cfg(test)]
fn results(summary: &Json) -> BTreeMap<u64, Json> {
    let text = fs::read_to_string(summary["results"].as_str().unwrap()).unwrap();
    let lines = text.lines().skip(1);
    let lines = lines.map(|line| serde_json::from_str::<Json>(line).unwrap());
    lines
        .map(|line| (line["row"].as_u64().unwrap(), line))
        .collect()
}

/// A folder with a file in it.
#[cfg(test)]
fn file(name: &str, text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    (folder, path)
}

/// Customers by the thousand; every 97th row has a mistake.
#[cfg(test)]
fn customers(rows: usize) -> String {
    let mut text = "Customer ID,Company Name,Email,Orders\n".to_owned();
    for row in 1..=rows {
        let orders = if row % 97 == 0 { "many" } else { "3" };
        writeln!(
            text,
            "C{row},\"Company, {row}\",c{row}@example.com,{orders}"
        )
        .unwrap();
    }
    text
}

#[test]
fn the_customers_of_northwind_are_imported_once_and_what_is_new_later() {
    let Some(vectors) = std::env::var_os("HOLDFAST_VECTORS") else {
        println!("skipped: HOLDFAST_VECTORS names no folder with northwind_customers.csv");
        return;
    };
    let given = Path::new(&vectors).join("tables/northwind_customers.csv");
    let text = fs::read_to_string(&given).unwrap_or_else(|error| panic!("{error}: {given:?}"));
    let (_folder, path) = file("customers.csv", &text);
    let data = idle();
    let refused = import(data.path(), &path, &[]);
    assert_eq!(code(&refused), 1);
    assert!(err(&refused).contains("--leave-out"), "{}", err(&refused));
    let summary = json(&import(data.path(), &path, &["--leave-out", "Fax"]));
    let rows = u64::try_from(text.lines().count() - 1).unwrap();
    assert_eq!(counts(&summary), [rows, 0, 0, 0, 0], "{summary}");
    let again = import(data.path(), &path, &["--leave-out", "Fax"]);
    assert_eq!((code(&again), json(&again)), (0, summary));
    fs::write(&path, text.replace("Maria Anders", "Maria Anders-Weiß")).unwrap();
    let later = json(&import(data.path(), &path, &["--leave-out", "Fax"]));
    assert_eq!(counts(&later), [0, 1, rows - 1, 0, 0]);
    let data = data.path().display().to_string();
    let trace = holdfast(&[
        "--json",
        "trace",
        "customer/ALFKI",
        "--show-pii",
        "--data",
        &data,
    ]);
    let trace = json(&trace);
    assert_eq!(
        trace["record"]["fields"]["contact_name"],
        "Maria Anders-Weiß"
    );
    assert_eq!(trace["record"]["version"], 2);
}

const MISTAKES: &str = "\
Customer ID,Company Name,E-Mail,Mobile,Credit,Since,Orders,Active,Tier,Tags
C1,All is well,ann@example.com,202 456 1111,12.50,2026-01-31,3,true,gold,\"[\"\"a\"\"]\"
C2,No address,nobody,,,,,,,
C3,No number,,12,,,,,,
C4,No decimal,,,a lot,,,,,
C5,Too exact,,,1.234,,,,,
C6,No such day,,,,2026-02-30,,,,
C7,Too few,,,,,-1,,,
C8,No boolean,,,,,,perhaps,,
C9,No such tier,,,,,,,bronze,
C10,No list,,,,,,,,a b
c11,No such key,,,,,,,,
,No key,,,,,,,,
C13,Too few cells
C14,Forbidden,,,-5,,,,,
C15,Several at once,nobody,12,a lot,2026-02-30,,,,
C1,All is well,ann@example.com,+1 202-456-1111,12.5,2026-01-31,3,true,gold,\"[\"\"a\"\"]\"
";

#[test]
fn every_mistake_is_a_verdict_and_a_person_is_asked_once() {
    let (_folder, path) = file("mistakes.csv", MISTAKES);
    let data = idle();
    let column = ["--map", "E-Mail=email"];
    let rehearsed = import(data.path(), &path, &[&column[..], &["--dry-run"]].concat());
    let rehearsed = json(&rehearsed);
    assert_eq!(rehearsed["results"], Json::Null);
    let review = |folder: &Path| {
        let data = folder.display().to_string();
        json(&holdfast(&["--json", "review", "list", "--data", &data]))
    };
    assert_eq!(review(data.path()), Json::Array(Vec::new()));
    let output = import(data.path(), &path, &column);
    assert_eq!(code(&output), 1, "{}", err(&output));
    let summary = json(&output);
    assert_eq!(counts(&summary), [1, 0, 1, 13, 1], "{summary}");
    assert_eq!(counts(&rehearsed), counts(&summary));
    let folder = data.path().display().to_string();
    let quality = json(&holdfast(&[
        "--json", "quality", "--source", "import", "--data", &folder,
    ]));
    let total = &quality[0]["total"];
    assert_eq!(
        (&total["passed"], &total["review"]),
        (&2.into(), &14.into())
    );
    assert_eq!(total["fields"]["customer.mobile"]["wrong"], 2);
    let results = results(&summary);
    let wrong = |row: u64| -> Vec<(String, String)> {
        let fields = results[&row]["fields"].as_array().unwrap();
        let text = |field: &Json, name: &str| field[name].as_str().unwrap().to_owned();
        let wrong = fields.iter().map(|it| (text(it, "path"), text(it, "rule")));
        wrong.collect()
    };
    for (row, path, rule) in [
        (2, "email", "format"),
        (3, "mobile", "format"),
        (4, "credit", "format"),
        (5, "credit", "scale"),
        (6, "since", "format"),
        (7, "orders", "min"),
        (8, "active", "format"),
        (9, "tier", "values"),
        (10, "tags", "type"),
        (11, "customer_id", "pattern"),
        (12, "customer_id", "required"),
        (13, "", "format"),
    ] {
        assert_eq!(
            wrong(row),
            [(path.to_owned(), rule.to_owned())],
            "row {row}"
        );
    }
    assert_eq!(results[&14]["verdict"], "refused");
    assert_eq!(results[&14]["reason"], "a credit is not negative");
    assert_eq!(wrong(15).len(), 4);
    assert_eq!(results[&2]["fields"][0]["actual"], "***", "{}", results[&2]);
    assert_eq!(results[&16]["verdict"], "unchanged");
    let listed = review(data.path());
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
    let id = listed[0]["id"].as_str().unwrap();
    let folder = data.path().display().to_string();
    let shown = out(&holdfast(&["review", "show", id, "--data", &folder]));
    assert!(shown.contains("14 of 16 rows of `mistakes.csv`"), "{shown}");
    assert!(
        shown.contains("row 14  a credit is not negative"),
        "{shown}"
    );
    assert!(!shown.contains("nobody"), "{shown}");
    let approve = ["review", "approve", id, "--data", &folder];
    let refused = err(&holdfast(&approve));
    assert!(refused.contains("mended in the file"), "{refused}");
    let resolve = [
        "errors", "resolve", id, "--reason", "mended", "--data", &folder,
    ];
    assert_eq!(code(&holdfast(&resolve)), 0);
}

#[test]
fn columns_that_fill_no_field_are_told_with_what_was_meant() {
    let (_folder, path) = file("a.csv", "Custmer ID,Compny,colour\nC1,A,red\n");
    let data = idle();
    let refused = import(data.path(), &path, &[]);
    assert_eq!(code(&refused), 1);
    let message = err(&refused);
    assert!(message.contains("UnknownColumn"), "{message}");
    assert!(message.contains("did you mean `customer_id`?"), "{message}");
    let asked = [
        "--map",
        "Custmer ID=customer_id",
        "--map",
        "Compny=company_name",
        "--leave-out",
        "colour",
    ];
    let done = json(&import(data.path(), &path, &asked));
    assert_eq!(counts(&done), [1, 0, 0, 0, 0]);
    assert_eq!(done["columns"]["colour"], Json::Null);
    for (arguments, code) in [
        (["import", "shop", "client"], "UnknownRecord"),
        (["import", "store", "customer"], "UnknownPack"),
    ] {
        let (data, path) = (
            data.path().display().to_string(),
            path.display().to_string(),
        );
        let more = ["--json", &path, "--data", &data];
        let refused = holdfast(&[&arguments[..], &more].concat());
        assert!(err(&refused).contains(code), "{}", err(&refused));
    }
}

#[test]
fn objects_on_lines_are_rows_too() {
    let text = "{\"customerId\":\"C1\",\"orders\":3,\"tags\":[\"a\"]}\n\n[]\n\
                {\"customerId\":\"C2\",\"company name\":\"B\",\"credit\":\"1.5\"}\n";
    let (_folder, path) = file("a.jsonl", text);
    let data = idle();
    let summary = json(&import(data.path(), &path, &[]));
    assert_eq!(counts(&summary), [2, 0, 0, 1, 0], "{summary}");
    assert_eq!(
        results(&summary)[&2]["fields"][0]["expected"],
        "a JSON object on one line"
    );
}
