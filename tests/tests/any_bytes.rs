//! Any bytes at the door, in definitions and in files of rows: what the fuzz targets look for, with seeded mistakes
//! in the samples, and the same ones each time.

use holdfast_tests::fuzz::{Mutation, definitions, pack_files, rows, samples, webhook};

/// How many mutations of each kind; `HOLDFAST_MUTATIONS` says another number.
#[expect(clippy::disallowed_methods, reason = "how long the test is, is asked")]
fn mutations(usually: u64) -> u64 {
    let asked = std::env::var("HOLDFAST_MUTATIONS");
    asked.map_or(usually, |count| count.parse().unwrap())
}

#[test]
fn every_request_has_a_verdict() {
    let samples = samples();
    assert!(samples.len() > 5, "there are samples");
    for sample in &samples {
        webhook(sample);
    }
    for seed in 0..mutations(400) {
        webhook(&Mutation::new(seed).of(&samples));
    }
}

#[test]
fn bodies_of_one_byte_again_and_again_have_a_verdict() {
    let head = b"POST /hooks/demo/calendly\ncontent-type: application/json\n\n";
    for byte in [b'[', b'{', b'"', b'1', b' ', b'\\', 0, 0xff] {
        for length in [1, 127, 129, 10_000, 1024 * 1024, 1024 * 1024 + 1] {
            webhook(&[head.as_slice(), &vec![byte; length]].concat());
        }
    }
}

#[test]
fn every_definition_file_has_a_verdict() {
    let files = pack_files();
    let sample = |(at, text): (usize, &String)| {
        let which = u8::try_from(at).unwrap();
        [&[which], text.as_bytes()].concat()
    };
    let samples: Vec<Vec<u8>> = files.values().enumerate().map(sample).collect();
    for sample in &samples {
        definitions(sample);
    }
    for seed in 0..mutations(30) {
        definitions(&Mutation::new(seed).of(&samples));
    }
}

#[test]
fn every_file_of_rows_has_a_verdict_for_each() {
    let table = "Email,Name,Phone,Stripe customer\n\
                 ann@example.com,\"Lee, Ann\",(202) 456-1111,cus_1\n\
                 bob@example.com,Bob,,cus_2\nAnn@Example.com,Ann,+12024561111,\n,nobody,,\n";
    let lines = "{\"email\":\"ann@example.com\",\"phone\":\"202 456 1111\"}\n\
                 {\"email\":\"bob@example.com\",\"name\":\"Bob\",\"stripe_customer\":null}\n{\"email\":17}\n";
    let samples = [
        [&[0], table.as_bytes()].concat(),
        [&[0], table.replace(',', ";").as_bytes()].concat(),
        [&[1], lines.as_bytes()].concat(),
    ];
    for sample in &samples {
        rows(sample);
    }
    for seed in 0..mutations(400) {
        rows(&Mutation::new(seed).of(&samples));
    }
}

#[test]
fn a_seed_makes_the_same_mistakes_each_time() {
    let samples = samples();
    for seed in 0..20 {
        let (one, other) = (
            Mutation::new(seed).of(&samples),
            Mutation::new(seed).of(&samples),
        );
        assert_eq!(one, other);
    }
}
