//! Canaries: the versions that decide about an event, where a new one has a share of the records.

use std::sync::Arc;

use crate::definition::model::Pack;
use crate::hash;
use crate::id::RecordRef;
use crate::port::Canary;

/// Shares are counted in these.
const BUCKETS: u64 = 100;

/// The share of records that one falls into, from 0 to 99: by the record alone, so that all of its
/// events are decided by one version, and a canary that grows keeps the records it had.
#[must_use]
pub fn bucket(home: &RecordRef) -> u8 {
    let digest = hash::hex(&[
        home.tenant.as_str().as_bytes(),
        home.record_type.as_str().as_bytes(),
        home.record.as_str().as_bytes(),
    ]);
    let number = digest.get(..16).map(|start| u64::from_str_radix(start, 16));
    let number = number.and_then(Result::ok).unwrap_or_default();
    u8::try_from(number % BUCKETS).unwrap_or_default()
}

/// The versions that decide about events of this record: the live ones, each replaced by its
/// canary where the record is among the canary's. A canary without a live version is none.
#[must_use]
pub fn versions(
    live: &Arc<[Arc<Pack>]>,
    canaries: &[Canary],
    home: &RecordRef,
) -> Arc<[Arc<Pack>]> {
    if canaries.is_empty() {
        return Arc::clone(live);
    }
    let bucket = bucket(home);
    let chosen = |pack: &Arc<Pack>| {
        let mut own = canaries.iter().filter(|it| it.replaces(pack));
        let canary = own.find(|canary| bucket < canary.percent);
        Arc::clone(canary.map_or(pack, |canary| &canary.pack))
    };
    live.iter().map(chosen).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record(id: &str) -> RecordRef {
        format!("north/lead/{id}").parse().unwrap()
    }

    fn pack(name: &str, age: &str) -> Arc<Pack> {
        let manifest = format!("# {age}\npack: {name}\n");
        let files = [("pack.yaml".to_owned(), manifest)].into();
        let loaded = crate::definition::load(&files, &crate::definition::Catalog::default());
        Arc::new(loaded.unwrap().0)
    }

    fn chosen(canaries: &[Canary], home: &RecordRef) -> Vec<Arc<Pack>> {
        let live: Arc<[_]> = [pack("dental", "old"), pack("shop", "old")].into();
        versions(&live, canaries, home).to_vec()
    }

    #[test]
    fn a_bucket_does_not_change_between_versions_of_this_program() {
        let buckets = ["a", "b", "c"].map(|id| bucket(&record(id)));
        assert_eq!(buckets, [83, 3, 75]);
        let other = "south/lead/a".parse::<RecordRef>().unwrap();
        assert_ne!(bucket(&other), bucket(&record("a")));
    }

    #[test]
    fn buckets_share_records_evenly() {
        let mut counts = [0_u32; 100];
        for id in 0..20_000 {
            counts[usize::from(bucket(&record(&id.to_string())))] += 1;
        }
        let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
        assert!(
            (140..=260).contains(least) && (140..=260).contains(most),
            "{counts:?}"
        );
    }

    #[test]
    fn a_canary_replaces_the_live_version_of_its_own_pack_alone() {
        let canary = Canary {
            pack: pack("shop", "new"),
            percent: 100,
        };
        let [dental, shop] = chosen(std::slice::from_ref(&canary), &record("a"))
            .try_into()
            .unwrap();
        assert_eq!(dental.manifest, pack("dental", "old").manifest);
        assert_eq!(shop.manifest, canary.pack.manifest);
    }

    #[test]
    fn a_canary_of_a_pack_that_is_not_live_is_none() {
        let canary = Canary {
            pack: pack("other", "new"),
            percent: 100,
        };
        let chosen = chosen(&[canary], &record("a"));
        let names: Vec<_> = chosen.iter().map(|it| it.manifest.pack.as_str()).collect();
        assert_eq!(names, ["dental", "shop"]);
    }

    proptest! {
        #[test]
        fn a_record_has_the_canary_exactly_where_its_bucket_is_below_the_share(
            id in "[a-z0-9]{1,26}", percent in 0_u8..=100
        ) {
            let home = record(&id);
            let canary = Canary { pack: pack("shop", "new"), percent };
            let chosen = chosen(std::slice::from_ref(&canary), &home);
            let has = chosen[1].manifest == canary.pack.manifest;
            prop_assert!(bucket(&home) < 100);
            prop_assert_eq!(has, bucket(&home) < percent);
        }
    }
}
