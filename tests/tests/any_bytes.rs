//! Any bytes at the door and in definitions: what the fuzz targets look for, with seeded mistakes
//! in the samples, and the same ones each time.

use holdfast_tests::fuzz::{Mutation, definitions, pack_files, samples, webhook};

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
