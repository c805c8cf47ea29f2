//! What workflows are told of many rows.

use std::collections::BTreeMap;

use crate::support::{Serving, err, json, out};
use serde_json::Value as Json;

use crate::{customers, file, shop};

/// What the CRM was told, by path: in how many calls, and of how many records.
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

fn records(delivery: &Json) -> usize {
    let body = &delivery["payload"]["body"]["records"];
    body.as_array()
        .unwrap_or_else(|| panic!("{delivery}"))
        .len()
}

/// An import is found by its id, and its rows are in the figures.
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
