//! The order of a timeline: a cause before its effects, whatever clocks said; else by time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::Line;
use super::draft::Draft;

/// Puts lines in order. `links` are pairs of anchors, cause and effect; those that name no line
/// are passed over.
pub(super) fn ordered(drafts: Vec<Draft>, links: &[(String, String)]) -> Vec<Line> {
    let places: BTreeMap<&str, usize> = drafts
        .iter()
        .enumerate()
        .map(|(place, draft)| (draft.anchor.as_str(), place))
        .collect();
    let mut effects = vec![Vec::new(); drafts.len()];
    let mut causes = vec![0_usize; drafts.len()];
    for (cause, effect) in links {
        let pair = places.get(cause.as_str()).zip(places.get(effect.as_str()));
        if let Some((&cause, &effect)) = pair
            && let (Some(effects), Some(causes)) = (effects.get_mut(cause), causes.get_mut(effect))
        {
            effects.push(effect);
            *causes += 1;
        }
    }
    let order = walk(&drafts, &effects, causes);
    let mut lines: Vec<Option<Line>> = drafts.into_iter().map(|draft| Some(draft.line)).collect();
    order
        .into_iter()
        .filter_map(|place| lines.get_mut(place).and_then(Option::take))
        .collect()
}

/// Takes, again and again, the earliest line whose causes were taken. Lines that cause each other,
/// which only a damaged journal has, come last.
fn walk(drafts: &[Draft], effects: &[Vec<usize>], mut causes: Vec<usize>) -> Vec<usize> {
    let key = |place: usize| {
        let draft = drafts.get(place);
        Reverse((draft.map(|draft| (draft.line.at, draft.rank)), place))
    };
    let free = |(place, count): (usize, &usize)| (*count == 0).then(|| key(place));
    let mut ready: BinaryHeap<_> = causes.iter().enumerate().filter_map(free).collect();
    let mut order = Vec::with_capacity(drafts.len());
    while let Some(Reverse((_, place))) = ready.pop() {
        order.push(place);
        for &effect in effects.get(place).into_iter().flatten() {
            if let Some(count) = causes.get_mut(effect) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    ready.push(key(effect));
                }
            }
        }
    }
    let mut taken = vec![false; drafts.len()];
    for &place in &order {
        taken.get_mut(place).into_iter().for_each(|t| *t = true);
    }
    let left = taken.iter().enumerate().filter(|(_, taken)| !**taken);
    order.extend(left.map(|(place, _)| place));
    order
}
