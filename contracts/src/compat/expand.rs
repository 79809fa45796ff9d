//! What a literal means for a value of one kind: facts, and choices between facts.

use std::rc::Rc;

use super::{
    arena::{Admission, Arena, Contains, Id, Keywords, Kind, Literal, Node},
    array, number, object, text,
};
use serde_json::Value;

/// One thing that is known of a value.
#[derive(Clone, Debug)]
pub(super) enum Fact {
    Literal(Literal),
    Number(number::Fact),
    Text(text::Fact),
    Array(array::Fact),
    Object(object::Fact),
    /// The value is one of these.
    Listed(Rc<Vec<Value>>),
    Choice(Choice),
}

/// At least one of `options` is true, because `source` is.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub(super) source: Literal,
    pub(super) options: Rc<Vec<Vec<Fact>>>,
}

/// What follows from `literal` for a value of `kind`; `None` if nothing of the kind can do.
pub(super) fn expand(arena: &mut Arena, literal: Literal, kind: Kind) -> Option<Vec<Fact>> {
    let node = arena.node(literal.node);
    match (&*node, literal.holds) {
        (Node::Always, true) | (Node::Never, false) => Some(Vec::new()),
        (Node::Always, false) | (Node::Never, true) => None,
        (Node::Keywords(keywords), true) => Expansion { arena, kind, keywords, literal }.affirmed(),
        (Node::Keywords(keywords), false) => {
            let mut options = Expansion { arena, kind, keywords, literal }.denied();
            match options.len() {
                0 => None,
                1 => options.pop(),
                _ => Some(vec![choice(literal, options)]),
            }
        }
    }
}

fn choice(source: Literal, options: Vec<Vec<Fact>>) -> Fact {
    Fact::Choice(Choice { source, options: Rc::new(options) })
}

fn yes(node: Id) -> Fact {
    Fact::Literal(Literal::yes(node))
}

fn no(node: Id) -> Fact {
    Fact::Literal(Literal::no(node))
}

struct Expansion<'a> {
    arena: &'a mut Arena,
    kind: Kind,
    keywords: &'a Keywords,
    literal: Literal,
}

impl Expansion<'_> {
    fn affirmed(&mut self) -> Option<Vec<Fact>> {
        let mut facts = Vec::new();
        match self.keywords.admits(self.kind) {
            Admission::Nothing => return None,
            Admission::Integers => facts.push(Fact::Number(number::Fact::integer())),
            Admission::All => {}
        }
        if let Some(listed) = &self.keywords.values {
            let listed: Vec<_> =
                listed.values.iter().filter(|value| Kind::from_value(value) == self.kind).cloned().collect();
            if listed.is_empty() {
                return None;
            }
            facts.push(Fact::Listed(Rc::new(listed)));
        }
        match self.kind {
            Kind::Number => facts.extend(self.number().into_iter().map(Fact::Number)),
            Kind::Text => facts.extend(self.text().into_iter().map(Fact::Text)),
            Kind::Array => facts.extend(self.array().into_iter().map(Fact::Array)),
            Kind::Object => self.object(&mut facts),
            Kind::Null | Kind::Boolean => {}
        }
        self.applied(&mut facts);
        Some(facts)
    }

    fn number(&self) -> Vec<number::Fact> {
        let keywords = self.keywords;
        let parts = [
            keywords.minimum.clone().map(number::Fact::AtLeast),
            keywords.maximum.clone().map(number::Fact::AtMost),
            keywords.above.clone().map(number::Fact::Above),
            keywords.below.clone().map(number::Fact::Below),
            keywords.multiple_of.clone().map(number::Fact::Multiple),
        ];
        parts.into_iter().flatten().collect()
    }

    fn text(&self) -> Vec<text::Fact> {
        let keywords = self.keywords;
        let parts = [
            (keywords.min_length > 0).then_some(text::Fact::AtLeast(keywords.min_length)),
            keywords.max_length.map(text::Fact::AtMost),
            keywords.pattern.clone().map(|pattern| text::Fact::Pattern(pattern, true)),
            keywords.format.map(|format| text::Fact::Format(format, true)),
        ];
        parts.into_iter().flatten().collect()
    }

    fn array(&self) -> Vec<array::Fact> {
        let keywords = self.keywords;
        let parts = [
            (keywords.items.is_some() || !keywords.prefix.is_empty()).then_some(array::Fact::Shape(self.literal.node)),
            (keywords.min_items > 0).then_some(array::Fact::AtLeast(keywords.min_items)),
            keywords.max_items.map(array::Fact::AtMost),
            keywords.unique.then_some(array::Fact::Unique),
            keywords.contains.as_ref().map(|Contains { node, min, max }| array::Fact::Count {
                node: *node,
                min: *min,
                max: *max,
            }),
        ];
        parts.into_iter().flatten().collect()
    }

    fn object(&self, facts: &mut Vec<Fact>) {
        let keywords = self.keywords;
        facts.push(Fact::Object(object::Fact::Shape(self.literal.node)));
        facts.extend(keywords.required.iter().cloned().map(object::Fact::Has).map(Fact::Object));
        let parts = [
            keywords.names.map(object::Fact::Names),
            (keywords.min_properties > 0).then_some(object::Fact::AtLeast(keywords.min_properties)),
            keywords.max_properties.map(object::Fact::AtMost),
        ];
        facts.extend(parts.into_iter().flatten().map(Fact::Object));
        for (key, needed) in &keywords.dependent_required {
            let with = std::iter::once(key).chain(needed).cloned().map(object::Fact::Has).map(Fact::Object).collect();
            facts.push(choice(self.literal, vec![vec![lacks(key)], with]));
        }
        for (key, node) in &keywords.dependent {
            facts.push(choice(self.literal, vec![vec![lacks(key)], vec![has(key), yes(*node)]]));
        }
    }

    fn applied(&self, facts: &mut Vec<Fact>) {
        let keywords = self.keywords;
        facts.extend(keywords.reference.iter().chain(&keywords.all_of).copied().map(yes));
        facts.extend(keywords.not.map(no));
        if let Some(list) = &keywords.any_of {
            facts.push(choice(self.literal, list.iter().map(|&id| vec![yes(id)]).collect()));
        }
        if let Some(list) = &keywords.one_of {
            let options = list.iter().enumerate().map(|(chosen, _)| {
                let sides = list.iter().enumerate();
                sides.map(|(index, &id)| if index == chosen { yes(id) } else { no(id) }).collect()
            });
            facts.push(choice(self.literal, options.collect()));
        }
        if let Some(condition) = &keywords.condition {
            let then = std::iter::once(yes(condition.test)).chain(condition.then.map(yes)).collect();
            let otherwise = std::iter::once(no(condition.test)).chain(condition.otherwise.map(yes)).collect();
            facts.push(choice(self.literal, vec![then, otherwise]));
        }
    }

    /// The ways in which a value of this kind can be invalid.
    fn denied(&mut self) -> Vec<Vec<Fact>> {
        let mut options = Vec::new();
        match self.keywords.admits(self.kind) {
            Admission::Nothing => return vec![Vec::new()],
            Admission::Integers => options.push(vec![Fact::Number(number::Fact::not_integer())]),
            Admission::All => {}
        }
        match self.kind {
            Kind::Number => options.extend(self.denied_number().into_iter().map(|fact| vec![Fact::Number(fact)])),
            Kind::Text => options.extend(self.denied_text().into_iter().map(|fact| vec![Fact::Text(fact)])),
            Kind::Array => self.denied_array(&mut options),
            Kind::Object => self.denied_object(&mut options),
            Kind::Null | Kind::Boolean => {}
        }
        if let Some(unlisted) = self.denied_values() {
            options.push(unlisted);
        }
        self.denied_applied(&mut options);
        if self.keywords.opaque.contains(&self.kind) {
            options.push(Vec::new());
        }
        options
    }

    fn denied_number(&self) -> Vec<number::Fact> {
        let keywords = self.keywords;
        let parts = [
            keywords.minimum.clone().map(number::Fact::Below),
            keywords.maximum.clone().map(number::Fact::Above),
            keywords.above.clone().map(number::Fact::AtMost),
            keywords.below.clone().map(number::Fact::AtLeast),
            keywords.multiple_of.clone().map(number::Fact::NotMultiple),
        ];
        parts.into_iter().flatten().collect()
    }

    fn denied_text(&self) -> Vec<text::Fact> {
        let keywords = self.keywords;
        let parts = [
            keywords.min_length.checked_sub(1).map(text::Fact::AtMost),
            keywords.max_length.and_then(|max| max.checked_add(1)).map(text::Fact::AtLeast),
            keywords.pattern.clone().map(|pattern| text::Fact::Pattern(pattern, false)),
            keywords.format.map(|format| text::Fact::Format(format, false)),
        ];
        parts.into_iter().flatten().collect()
    }

    fn denied_array(&self, options: &mut Vec<Vec<Fact>>) {
        let keywords = self.keywords;
        let prefix = keywords.prefix.iter().enumerate().map(|(index, &id)| array::Fact::At(index, Literal::no(id)));
        let mut found: Vec<array::Fact> = prefix.collect();
        found.extend(keywords.items.map(|id| array::Fact::Somewhere(keywords.prefix.len(), Literal::no(id))));
        found.extend(keywords.min_items.checked_sub(1).map(array::Fact::AtMost));
        found.extend(keywords.max_items.and_then(|max| max.checked_add(1)).map(array::Fact::AtLeast));
        found.extend(keywords.unique.then_some(array::Fact::Repeated));
        if let Some(Contains { node, min, max }) = keywords.contains {
            found.extend(min.checked_sub(1).map(|max| array::Fact::Count { node, min: 0, max: Some(max) }));
            found.extend(max.and_then(|max| max.checked_add(1)).map(|min| array::Fact::Count { node, min, max: None }));
        }
        options.extend(found.into_iter().map(|fact| vec![Fact::Array(fact)]));
    }

    fn denied_object(&self, options: &mut Vec<Vec<Fact>>) {
        let keywords = self.keywords;
        options.extend(keywords.required.iter().map(|key| vec![lacks(key)]));
        let shape = &keywords.shape;
        let named = shape.properties.iter().map(|(key, &id)| object::Fact::At(key.clone(), Literal::no(id)));
        let mut found: Vec<object::Fact> = named.collect();
        found.extend(shape.patterns.iter().map(|(pattern, id)| {
            object::Fact::Somewhere(object::Keys::Matching(Rc::clone(pattern)), Some(Literal::no(*id)))
        }));
        found.extend(
            shape
                .additional
                .map(|id| object::Fact::Somewhere(object::Keys::LeftOver(self.literal.node), Some(Literal::no(id)))),
        );
        found.extend(keywords.names.map(|names| object::Fact::Somewhere(object::Keys::Misnamed(names), None)));
        found.extend(keywords.min_properties.checked_sub(1).map(object::Fact::AtMost));
        found.extend(keywords.max_properties.and_then(|max| max.checked_add(1)).map(object::Fact::AtLeast));
        options.extend(found.into_iter().map(|fact| vec![Fact::Object(fact)]));
        for (key, needed) in &keywords.dependent_required {
            options.extend(needed.iter().map(|other| vec![has(key), lacks(other)]));
        }
        options.extend(keywords.dependent.iter().map(|(key, id)| vec![has(key), no(*id)]));
    }

    fn denied_applied(&self, options: &mut Vec<Vec<Fact>>) {
        let keywords = self.keywords;
        options.extend(keywords.reference.iter().chain(&keywords.all_of).map(|&id| vec![no(id)]));
        options.extend(keywords.not.map(|id| vec![yes(id)]));
        options.extend(keywords.any_of.as_ref().map(|list| list.iter().copied().map(no).collect()));
        if let Some(list) = &keywords.one_of {
            options.push(list.iter().copied().map(no).collect());
            for (index, &one) in list.iter().enumerate() {
                options.extend(list[..index].iter().map(|&other| vec![yes(one), yes(other)]));
            }
        }
        if let Some(condition) = &keywords.condition {
            options.extend(condition.then.map(|then| vec![yes(condition.test), no(then)]));
            options.extend(condition.otherwise.map(|otherwise| vec![no(condition.test), no(otherwise)]));
        }
    }

    /// That the value is none of those that `enum` or `const` lists.
    fn denied_values(&mut self) -> Option<Vec<Fact>> {
        let values = &self.keywords.values.as_ref()?.values;
        let same_kind: Vec<_> = values.iter().filter(|value| Kind::from_value(value) == self.kind).cloned().collect();
        Some(same_kind.iter().filter_map(|value| self.differs(value)).collect())
    }

    /// That the value, of the same kind, is not `value`.
    fn differs(&mut self, value: &Value) -> Option<Fact> {
        match value {
            // These few are checked one by one.
            Value::Null | Value::Bool(_) => None,
            Value::Number(number) => number::exact(number).map(number::Fact::Not).map(Fact::Number),
            Value::String(text) => Some(Fact::Text(text::Fact::Not(text.clone()))),
            Value::Array(items) => {
                let length = items.len() as u64;
                let mut facts: Vec<_> = length.checked_sub(1).map(array::Fact::AtMost).into_iter().collect();
                facts.push(array::Fact::AtLeast(length + 1));
                for (index, item) in items.iter().enumerate() {
                    facts.push(array::Fact::At(index, Literal::no(self.arena.constant(item))));
                }
                let options = facts.into_iter().map(|fact| vec![Fact::Array(fact)]).collect();
                Some(choice(Literal::no(self.arena.constant(value)), options))
            }
            Value::Object(map) => {
                let mut options: Vec<_> = map.keys().map(|key| vec![lacks(key)]).collect();
                for (key, value) in map {
                    let differs = Literal::no(self.arena.constant(value));
                    options.push(vec![Fact::Object(object::Fact::At(key.clone(), differs))]);
                }
                let keys = object::Keys::Outside(Rc::new(map.keys().cloned().collect()));
                options.push(vec![Fact::Object(object::Fact::Somewhere(keys, None))]);
                Some(choice(Literal::no(self.arena.constant(value)), options))
            }
        }
    }
}

fn has(key: &str) -> Fact {
    Fact::Object(object::Fact::Has(key.to_owned()))
}

fn lacks(key: &str) -> Fact {
    Fact::Object(object::Fact::Lacks(key.to_owned()))
}
