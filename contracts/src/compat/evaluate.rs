//! Whether a value is valid for a node, or that the prover cannot say.

use serde_json::{Map, Value};

use super::{
    arena::{Admission, Arena, Id, Keywords, Kind, Literal, Node, Shape},
    number, work,
};

/// How deep references may lead without leaving a value.
const DEPTH: usize = 300;

/// What is known of a list of demands that must all be met: one that fails decides.
fn all(parts: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    let mut known = true;
    for part in parts {
        match part {
            Some(false) => return Some(false),
            Some(true) => {}
            None => known = false,
        }
    }
    known.then_some(true)
}

fn any(parts: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    all(parts.into_iter().map(not)).map(|none| !none)
}

fn not(part: Option<bool>) -> Option<bool> {
    part.map(|part| !part)
}

/// How many demands are met: at least, and at most.
fn counted(parts: impl IntoIterator<Item = Option<bool>>) -> (u64, u64) {
    parts.into_iter().fold((0, 0), |(least, most), part| match part {
        Some(true) => (least + 1, most + 1),
        Some(false) => (least, most),
        None => (least, most + 1),
    })
}

fn between((least, most): (u64, u64), min: u64, max: Option<u64>) -> Option<bool> {
    let max = max.unwrap_or(u64::MAX);
    if most < min || least > max {
        Some(false)
    } else if least >= min && most <= max {
        Some(true)
    } else {
        None
    }
}

/// Whether `literal` is true of `value`.
pub(super) fn evaluate(arena: &Arena, literal: Literal, value: &Value) -> Option<bool> {
    let valid = Evaluator { arena }.node(literal.node, value, 0);
    if literal.holds { valid } else { not(valid) }
}

struct Evaluator<'a> {
    arena: &'a Arena,
}

impl Evaluator<'_> {
    fn node(&self, id: Id, value: &Value, depth: usize) -> Option<bool> {
        if depth > DEPTH || !work::spend(1) {
            return None;
        }
        match &*self.arena.node(id) {
            Node::Always => Some(true),
            Node::Never => Some(false),
            Node::Keywords(keywords) => self.keywords(keywords, value, depth + 1),
        }
    }

    fn keywords(&self, keywords: &Keywords, value: &Value, depth: usize) -> Option<bool> {
        let typed = match keywords.admits(Kind::from_value(value)) {
            Admission::All => true,
            Admission::Nothing => false,
            Admission::Integers => value.as_number().and_then(number::exact).is_some_and(|number| number.is_integer()),
        };
        let listed = keywords.values.as_ref().is_none_or(|listed| listed.includes(value));
        if !typed || !listed {
            return Some(false);
        }
        let own = match value {
            Value::Number(number) => number::exact(number).map(|number| number_fits(keywords, &number)),
            Value::String(text) => text_fits(keywords, text),
            Value::Array(items) => self.array(keywords, items, depth),
            Value::Object(map) => self.object(keywords, map, value, depth),
            Value::Null | Value::Bool(_) => Some(true),
        };
        let followed = (!keywords.opaque.contains(&Kind::from_value(value))).then_some(true);
        all([own, followed, self.applied(keywords, value, depth)])
    }

    fn applied(&self, keywords: &Keywords, value: &Value, depth: usize) -> Option<bool> {
        let check = |id: Id| self.node(id, value, depth);
        let every = all(keywords.reference.iter().chain(&keywords.all_of).map(|&id| check(id)));
        let some = keywords.any_of.as_ref().map_or(Some(true), |list| any(list.iter().map(|&id| check(id))));
        let one = keywords
            .one_of
            .as_ref()
            .map_or(Some(true), |list| between(counted(list.iter().map(|&id| check(id))), 1, Some(1)));
        let none = keywords.not.map_or(Some(true), |id| not(check(id)));
        let conditional = keywords.condition.as_ref().map_or(Some(true), |condition| {
            let branch = |branch: Option<Id>| branch.map_or(Some(true), check);
            match check(condition.test) {
                Some(true) => branch(condition.then),
                Some(false) => branch(condition.otherwise),
                None => all([branch(condition.then), branch(condition.otherwise)]).filter(|both| *both),
            }
        });
        all([every, some, one, none, conditional])
    }

    fn array(&self, keywords: &Keywords, items: &[Value], depth: usize) -> Option<bool> {
        let length = items.len() as u64;
        let bounds = between((length, length), keywords.min_items, keywords.max_items);
        let pairs = items.iter().enumerate();
        let unique = !keywords.unique
            || !pairs.clone().any(|(index, item)| items[..index].iter().any(|before| number::same(before, item)));
        let governed = all(pairs.map(|(index, item)| match keywords.prefix.get(index).copied().or(keywords.items) {
            Some(id) => self.node(id, item, depth),
            None => Some(true),
        }));
        let contains = keywords.contains.as_ref().map_or(Some(true), |contains| {
            let found = counted(items.iter().map(|item| self.node(contains.node, item, depth)));
            between(found, contains.min, contains.max)
        });
        all([bounds, Some(unique), governed, contains])
    }

    fn object(&self, keywords: &Keywords, map: &Map<String, Value>, value: &Value, depth: usize) -> Option<bool> {
        let size = map.len() as u64;
        let has = |key: &String| map.contains_key(key);
        let complete = keywords.required.iter().all(has)
            && keywords.dependent_required.iter().all(|(key, needed)| !has(key) || needed.iter().all(has));
        let bounds = between((size, size), keywords.min_properties, keywords.max_properties);
        let governed = all(map.iter().flat_map(|(key, value)| {
            let governing = keywords.shape.governing(key);
            governing.into_iter().map(move |id| self.node(id, value, depth))
        }));
        let named = keywords.names.map_or(Some(true), |names| {
            all(map.keys().map(|key| self.node(names, &Value::String(key.clone()), depth)))
        });
        let dependent = keywords.dependent.iter().filter(|(key, _)| has(key));
        let dependent = all(dependent.map(|(_, id)| self.node(*id, value, depth)));
        all([Some(complete), bounds, governed, named, dependent])
    }
}

impl Shape {
    /// Whether nothing but `additional` governs this key.
    pub(super) fn is_additional(&self, key: &str) -> bool {
        !self.properties.contains_key(key)
            && !self.evaluated.iter().any(|name| name == key)
            && !self.patterns.iter().any(|(pattern, _)| pattern.matches(key))
    }

    /// The nodes for which the value of this key must be valid.
    pub(super) fn governing(&self, key: &str) -> Vec<Id> {
        let mut found: Vec<Id> = self.properties.get(key).copied().into_iter().collect();
        found.extend(self.patterns.iter().filter(|(pattern, _)| pattern.matches(key)).map(|(_, id)| *id));
        if let Some(additional) = self.additional.filter(|_| self.is_additional(key)) {
            found.push(additional);
        }
        found
    }
}

fn number_fits(keywords: &Keywords, number: &number::Rational) -> bool {
    keywords.minimum.as_ref().is_none_or(|minimum| number >= minimum)
        && keywords.maximum.as_ref().is_none_or(|maximum| number <= maximum)
        && keywords.above.as_ref().is_none_or(|above| number > above)
        && keywords.below.as_ref().is_none_or(|below| number < below)
        && keywords.multiple_of.as_ref().is_none_or(|step| number::is_multiple(number, step))
}

fn text_fits(keywords: &Keywords, text: &str) -> Option<bool> {
    let length = text.chars().count() as u64;
    all([
        between((length, length), keywords.min_length, keywords.max_length),
        keywords.pattern.as_ref().map_or(Some(true), |pattern| Some(pattern.matches(text))),
        keywords.format.map_or(Some(true), |format| format.admits(text)),
    ])
}
