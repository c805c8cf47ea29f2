//! Files whose rows become records: with mistakes, killed on the way, by the thousand.

#[cfg(test)]
mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value as Json;
use support::{Running, Serving, code, command, err, holdfast, json, out, root, until};
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

/// Verdicts without what differs from folder to folder.
#[cfg(test)]
fn plain(results: &BTreeMap<u64, Json>) -> Vec<(u64, String)> {
    let verdict = |(row, line): (&u64, &Json)| (*row, line["verdict"].as_str().unwrap().to_owned());
    results.iter().map(verdict).collect()
}

/// Kills the command once the results have this many bytes; `false`: it ended before.
#[cfg(test)]
fn killed(data: &Path, file: &Path, at: u64) -> bool {
    let (data, path) = (data.display().to_string(), file.display().to_string());
    let arguments = [
        "--json", "import", "shop", "customer", &path, "--data", &data,
    ];
    let mut command = command(&arguments);
    let command = command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut running = Running(command.spawn().unwrap());
    until(|| {
        let ended = running.0.try_wait().unwrap().is_some();
        let size = size_of_results(file.parent().unwrap());
        (ended || size >= at).then_some(!ended)
    })
}

#[cfg(test)]
fn size_of_results(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).unwrap().flatten();
    let results = entries.filter(|entry| {
        entry
            .file_name()
            .to_string_lossy()
            .ends_with(".results.jsonl")
    });
    results.map(|entry| entry.metadata().unwrap().len()).sum()
}

/// Where the results are when the command is killed, in bytes; the first before any is there.
const MOMENTS: [u64; 6] = [0, 1, 20_000, 90_000, 150_000, 260_000];

#[test]
fn an_import_that_is_killed_again_and_again_comes_to_the_end_of_one_that_is_not() {
    let text = customers(5_000);
    let (calm, (_one, path)) = (idle(), file("customers.csv", &text));
    let once = import(calm.path(), &path, &[]);
    let once = json(&once);
    assert_eq!(counts(&once), [4_949, 0, 0, 51, 0]);
    let (data, (_other, path)) = (idle(), file("customers.csv", &text));
    let mut kills = 0;
    for moment in MOMENTS {
        kills += u32::from(killed(data.path(), &path, moment));
        // A power cut may leave a part of the last line.
        cut(path.parent().unwrap(), 17);
    }
    assert!(kills > 2, "it was killed while it worked: {kills}");
    let ended = json(&import(data.path(), &path, &[]));
    assert_eq!(counts(&ended), counts(&once));
    assert_eq!(plain(&results(&ended)), plain(&results(&once)));
    println!("5,000 rows imported by a command that was killed {kills} times");
    // Another file that says the same finds nothing to change.
    let (_third, path) = file("same.csv", &format!("{text}\n"));
    let same = json(&import(data.path(), &path, &[]));
    assert_eq!(counts(&same), [0, 0, 4_949, 51, 0]);
    let folder = data.path().display().to_string();
    let trace = json(&holdfast(&[
        "--json",
        "trace",
        "customer/C2500",
        "--data",
        &folder,
    ]));
    assert_eq!(
        trace["record"]["version"], 1,
        "no row was applied twice: {trace}"
    );
}

/// Cuts bytes off the end of the results.
#[cfg(test)]
fn cut(folder: &Path, bytes: u64) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        if entry
            .file_name()
            .to_string_lossy()
            .ends_with(".results.jsonl")
        {
            let size = entry.metadata().unwrap().len().saturating_sub(bytes);
            let file = fs::OpenOptions::new().write(true).open(entry.path());
            file.unwrap().set_len(size).unwrap();
        }
    }
}

/// What the CRM was told, by path: in how many calls, and of how many records.
#[cfg(test)]
async fn told(serving: &Serving) -> BTreeMap<String, (usize, usize)> {
    serving.until_settled();
    let mut told = BTreeMap::<String, (usize, usize)>::new();
    for delivery in serving.deliveries().await {
        let path = delivery["payload"]["path"].as_str();
        let path = path.unwrap_or_else(|| panic!("{delivery}"));
        let counts = told.entry(path.to_owned()).or_default();
        *counts = (counts.0 + 1, counts.1 + records(&delivery));
    }
    told
}

#[cfg(test)]
fn records(delivery: &Json) -> usize {
    let body = &delivery["payload"]["body"]["records"];
    body.as_array()
        .unwrap_or_else(|| panic!("{delivery}"))
        .len()
}

/// An import is found by its id, and its rows are in the figures.
#[cfg(test)]
fn assert_found(serving: &Serving, summary: &Json) {
    let import = format!("import/{}", summary["import"].as_str().unwrap());
    let traced = json(&serving.on(&["--json", "trace", &import]))["import"].take();
    assert_eq!(traced["through"], summary["rows"], "{traced}");
    assert_eq!(traced["verdicts"]["created"], summary["created"]);
    let shown = out(&serving.on(&["trace", &format!("demo/{import}")]));
    assert!(shown.contains("holdfast trace customer/<key>"), "{shown}");
    let quality = json(&serving.on(&["--json", "quality", "--source", "import"]));
    assert_eq!(
        quality[0]["total"]["passed"], summary["created"],
        "{quality}"
    );
    assert_eq!(quality[0]["total"]["review"], summary["review"]);
    assert_eq!(quality[0]["complete"]["customer.email"], 1.0);
}

#[tokio::test]
async fn a_hundred_rows_are_told_one_by_one_and_more_as_each_workflow_wants() {
    for (rows, expected) in [
        (
            96,
            vec![
                ("/batch", (96, 96)),
                ("/each", (96, 96)),
                ("/skip", (96, 96)),
            ],
        ),
        (600, vec![("/batch", (2, 594)), ("/each", (594, 594))]),
    ] {
        let serving = Serving::with(&["--dev", &shop()]);
        let (_folder, path) = file("customers.csv", &customers(rows));
        let path = path.display().to_string();
        let output = serving.on(&["--json", "import", "shop", "customer", &path]);
        let summary = json(&output);
        assert_eq!(summary["bulk"], rows > 100, "{}", err(&output));
        let expected: BTreeMap<_, _> = expected
            .into_iter()
            .map(|(path, counts)| (path.to_owned(), counts))
            .collect();
        assert_eq!(told(&serving).await, expected);
        assert_found(&serving, &summary);
    }
}
