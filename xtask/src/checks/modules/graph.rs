//! Circles among modules side by side.

use std::collections::{BTreeMap, BTreeSet};

use super::paths::Module;

/// The modules below one parent, with the arrows between them and what is inside them.
type Siblings<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// Every set of modules with the same parent that reach each other, with full names in order.
pub(super) fn circles(modules: &BTreeMap<String, Module>) -> Vec<Vec<String>> {
    let mut levels: BTreeMap<&str, Siblings<'_>> = BTreeMap::new();
    for (name, module) in modules {
        for target in module.targets.iter().filter(|target| modules.contains_key(*target)) {
            if let Some((parent, from, to)) = siblings(name, target) {
                let level = levels.entry(parent).or_default();
                level.entry(from).or_default().insert(to);
                level.entry(to).or_default();
            }
        }
    }
    levels.values().flat_map(in_level).collect()
}

/// The ancestors of two modules that have the same parent; none when one of the modules contains the other.
fn siblings<'a>(one: &'a str, other: &'a str) -> Option<(&'a str, &'a str, &'a str)> {
    // The crate's root contains all modules.
    if one.is_empty() || other.is_empty() {
        return None;
    }
    let mut start = 0;
    for (left, right) in one.split("::").zip(other.split("::")) {
        if left != right {
            let parent = one[..start].trim_end_matches("::");
            return Some((parent, &one[..start + left.len()], &other[..start + right.len()]));
        }
        start += left.len() + 2;
    }
    None
}

fn in_level(level: &Siblings<'_>) -> Vec<Vec<String>> {
    let mut found = BTreeSet::new();
    for name in level.keys() {
        let there = reachable(level, name);
        let circle: Vec<String> = there
            .iter()
            .filter(|other| reachable(level, other).contains(name))
            .map(|other| (*other).to_owned())
            .collect();
        if circle.len() > 1 {
            found.insert(circle);
        }
    }
    found.into_iter().collect()
}

fn reachable<'a>(level: &Siblings<'a>, from: &str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut waiting: Vec<&str> = level.get(from).into_iter().flatten().copied().collect();
    while let Some(name) = waiting.pop() {
        if let Some((&known, targets)) = level.get_key_value(name)
            && found.insert(known)
        {
            waiting.extend(targets);
        }
    }
    found
}
