//! The order of a timeline: a cause before its effects, whatever clocks said; else by time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use jiff::Timestamp;

use super::Line;
use super::draft::Draft;

/// Puts lines in order. `because` holds pairs of anchors, cause and effect; those that name no line
/// are passed over.
pub(super) fn ordered(drafts: Vec<Draft>, because: &[(String, String)]) -> Vec<Line> {
    let places: BTreeMap<&str, usize> = drafts
        .iter()
        .enumerate()
        .map(|(place, draft)| (draft.anchor.as_str(), place))
        .collect();
    let mut effects = vec![Vec::new(); drafts.len()];
    let mut open_causes = vec![0_usize; drafts.len()];
    for (cause, effect) in because {
        let pair = places.get(cause.as_str()).zip(places.get(effect.as_str()));
        if let Some((&cause, &effect)) = pair
            && let (Some(effects), Some(count)) =
                (effects.get_mut(cause), open_causes.get_mut(effect))
        {
            effects.push(effect);
            *count += 1;
        }
    }
    let order = walk(&drafts, &effects, open_causes);
    let mut unplaced: Vec<Option<Line>> =
        drafts.into_iter().map(|draft| Some(draft.line)).collect();
    order
        .into_iter()
        .filter_map(|place| unplaced.get_mut(place).and_then(Option::take))
        .collect()
}

/// Takes, again and again, the earliest line whose causes were taken; a line counts as no earlier
/// than its causes. Lines that cause each other, which only a damaged journal has, come last.
fn walk(drafts: &[Draft], effects: &[Vec<usize>], mut open_causes: Vec<usize>) -> Vec<usize> {
    let mut times: Vec<Timestamp> = drafts.iter().map(|draft| draft.line.at).collect();
    let key = |times: &[Timestamp], place: usize| {
        let rank = drafts.get(place).map(|draft| draft.rank);
        Reverse((times.get(place).copied(), rank, place))
    };
    let free = open_causes
        .iter()
        .enumerate()
        .filter(|(_, count)| **count == 0);
    let mut ready: BinaryHeap<_> = free.map(|(place, _)| key(&times, place)).collect();
    let mut order = Vec::with_capacity(drafts.len());
    while let Some(Reverse((time, _, place))) = ready.pop() {
        order.push(place);
        for &effect in effects.get(place).into_iter().flatten() {
            if let (Some(count), Some(own)) = (open_causes.get_mut(effect), times.get_mut(effect)) {
                *own = time.map_or(*own, |time| time.max(*own));
                *count = count.saturating_sub(1);
                if *count == 0 {
                    ready.push(key(&times, effect));
                }
            }
        }
    }
    order.extend(left(drafts.len(), &order));
    order
}

/// The places that are not in an order.
fn left(count: usize, order: &[usize]) -> Vec<usize> {
    let taken: BTreeSet<usize> = order.iter().copied().collect();
    (0..count).filter(|place| !taken.contains(place)).collect()
}
