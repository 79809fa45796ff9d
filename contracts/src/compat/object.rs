//! Objects: which keys there are, and what their values are.
//!
//! Keys that some schema names are looked at one by one. All others differ only in which patterns
//! they match: one key stands for all that match the same.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use serde_json::{Map, Value};

use super::{
    Leaf,
    arena::{Id, Kind, Literal, Node, Shape},
    evaluate::evaluate,
    language::Pattern,
    solve::{Known, Solver},
    text,
};

/// The most patterns of keys of which all combinations are tried.
const PATTERNS: usize = 5;

/// The most keys that an object is filled up with.
const FILLING: u64 = 300;

/// Keys of which at least one must be there.
#[derive(Clone, Debug)]
pub(super) enum Keys {
    Matching(Rc<Pattern>),
    /// Those that only the `additionalProperties` of this node governs.
    LeftOver(Id),
    /// Those that are not valid for this node.
    Misnamed(Id),
    Outside(Rc<BTreeSet<String>>),
}

/// One thing that is known of an object.
#[derive(Clone, Debug)]
pub(super) enum Fact {
    /// The object is valid for `properties` and its companions of this node.
    Shape(Id),
    /// Each key is valid for this node.
    Names(Id),
    Has(String),
    Lacks(String),
    /// The key is there, and its value is so.
    At(String, Literal),
    /// One of these keys is there, and its value is so.
    Somewhere(Keys, Option<Literal>),
    AtLeast(u64),
    AtMost(u64),
}

/// What is known of an object.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    shapes: Vec<Id>,
    names: Vec<Id>,
    has: BTreeSet<String>,
    lacks: BTreeSet<String>,
    at: BTreeMap<String, Vec<Literal>>,
    somewhere: Vec<(Keys, Option<Literal>)>,
    min: u64,
    max: Option<u64>,
}

impl Facts {
    pub(super) fn learn(&mut self, fact: &Fact) {
        match fact.clone() {
            Fact::Shape(node) => self.shapes.push(node),
            Fact::Names(node) => self.names.push(node),
            Fact::Has(key) => drop(self.has.insert(key)),
            Fact::Lacks(key) => drop(self.lacks.insert(key)),
            Fact::At(key, literal) => self.at.entry(key).or_default().push(literal),
            Fact::Somewhere(keys, literal) => self.somewhere.push((keys, literal)),
            Fact::AtLeast(count) => self.min = self.min.max(count),
            Fact::AtMost(count) => self.max = Some(self.max.map_or(count, |max| max.min(count))),
        }
    }
}

/// An object of which all this is true, or that there is none.
pub(super) fn solve(solver: &mut Solver, facts: &Facts) -> Leaf {
    if facts.max.is_some_and(|max| max < facts.min) {
        return Leaf::Empty;
    }
    let nodes: Vec<_> = facts.shapes.iter().map(|&id| solver.arena.node(id)).collect();
    let shapes = nodes.iter().filter_map(|node| shape(node)).collect();
    let mut puzzle = Puzzle { solver, facts, shapes, patterns: Vec::new(), named: BTreeSet::new() };
    puzzle.survey();
    let draft = Draft { at: facts.at.clone(), kinds: BTreeMap::new() };
    puzzle.place(0, &draft)
}

fn shape(node: &Node) -> Option<&Shape> {
    match node {
        Node::Keywords(keywords) => Some(&keywords.shape),
        Node::Always | Node::Never => None,
    }
}

/// Which patterns a key that no schema names matches, bit by bit.
type Region = usize;

/// What was decided so far.
#[derive(Clone)]
struct Draft {
    at: BTreeMap<String, Vec<Literal>>,
    /// The regions of keys that no schema names.
    kinds: BTreeMap<String, Region>,
}

struct Puzzle<'a> {
    solver: &'a mut Solver,
    facts: &'a Facts,
    shapes: Vec<&'a Shape>,
    patterns: Vec<Rc<Pattern>>,
    named: BTreeSet<String>,
}

impl Puzzle<'_> {
    /// Collects the patterns and the keys that some schema names.
    fn survey(&mut self) {
        let mut patterns: BTreeMap<String, Rc<Pattern>> = BTreeMap::new();
        let mut add = |pattern: &Rc<Pattern>| drop(patterns.insert(pattern.source().to_owned(), Rc::clone(pattern)));
        let mut named: BTreeSet<String> = self.facts.has.union(&self.facts.lacks).cloned().collect();
        named.extend(self.facts.at.keys().cloned());
        let mut visit = |shape: &Shape| {
            shape.patterns.iter().for_each(|(pattern, _)| add(pattern));
            named.extend(shape.properties.keys().chain(&shape.evaluated).cloned());
        };
        self.shapes.iter().for_each(|shape| visit(shape));
        for (keys, _) in &self.facts.somewhere {
            if let Keys::LeftOver(node) = keys {
                shape(&self.solver.arena.node(*node)).into_iter().for_each(&mut visit);
            }
        }
        for (keys, _) in &self.facts.somewhere {
            match keys {
                Keys::Matching(pattern) => add(pattern),
                Keys::Outside(keys) => named.extend(keys.iter().cloned()),
                Keys::LeftOver(_) | Keys::Misnamed(_) => {}
            }
        }
        self.patterns = patterns.into_values().collect();
        self.named = named;
    }

    fn regions(&self) -> Vec<Region> {
        match self.patterns.len() {
            many if many > PATTERNS => std::iter::once(0).chain((0..many.min(60)).map(|bit| 1 << bit)).collect(),
            few => (0..1 << few).collect(),
        }
    }

    /// Gives each demand for "some key" its key.
    fn place(&mut self, demand: usize, draft: &Draft) -> Leaf {
        let Some((keys, literal)) = self.facts.somewhere.get(demand) else { return self.finish(draft) };
        if let Err(spent) = self.solver.spend() {
            return spent;
        }
        let mut doubt = None;
        let known: Vec<String> = self.named.iter().chain(draft.kinds.keys()).cloned().collect();
        for key in known {
            if self.facts.lacks.contains(&key) || !self.includes(keys, &key) {
                continue;
            }
            let mut next = draft.clone();
            next.at.entry(key).or_default().extend(*literal);
            match self.place(demand + 1, &next) {
                Leaf::Empty => {}
                Leaf::Unknown(reason) => doubt = Some(reason),
                found @ Leaf::Found(_) => return found,
            }
        }
        for region in self.regions() {
            let key = match self.fresh(region, Some(keys), draft.kinds.keys()) {
                Leaf::Found(Value::String(key)) => key,
                Leaf::Unknown(reason) => {
                    doubt = Some(reason);
                    continue;
                }
                _ => continue,
            };
            let mut next = draft.clone();
            next.kinds.insert(key.clone(), region);
            next.at.entry(key).or_default().extend(*literal);
            match self.place(demand + 1, &next) {
                Leaf::Empty => {}
                Leaf::Unknown(reason) => doubt = Some(reason),
                found @ Leaf::Found(_) => return found,
            }
        }
        doubt.or(self.unexamined_keys_reason()).map_or(Leaf::Empty, Leaf::Unknown)
    }

    /// Why not all keys were looked at, if so.
    fn unexamined_keys_reason(&self) -> Option<Rc<str>> {
        (self.patterns.len() > PATTERNS).then(|| "the schemas tell keys apart by too many patterns".into())
    }

    fn includes(&self, keys: &Keys, key: &str) -> bool {
        match keys {
            Keys::Matching(pattern) => pattern.matches(key),
            Keys::LeftOver(node) => shape(&self.solver.arena.node(*node)).is_none_or(|shape| shape.is_additional(key)),
            Keys::Misnamed(names) => evaluate(&self.solver.arena, Literal::no(*names), &key.into()) != Some(false),
            Keys::Outside(known) => !known.contains(key),
        }
    }

    /// A key of this region that no schema names, one of `keys` where they are given.
    fn fresh<'k>(&mut self, region: Region, keys: Option<&Keys>, used: impl Iterator<Item = &'k String>) -> Leaf {
        let mut goal: Vec<Literal> = self.facts.names.iter().copied().map(Literal::yes).collect();
        let within = |pattern: &Rc<Pattern>| self.position(pattern).is_some_and(|bit| region >> bit & 1 == 1);
        match keys {
            Some(Keys::Matching(pattern)) if !within(pattern) => return Leaf::Empty,
            Some(Keys::LeftOver(node)) => {
                let node = self.solver.arena.node(*node);
                if shape(&node).is_some_and(|shape| shape.patterns.iter().any(|(pattern, _)| within(pattern))) {
                    return Leaf::Empty;
                }
            }
            Some(Keys::Misnamed(names)) => goal.push(Literal::no(*names)),
            Some(Keys::Matching(_) | Keys::Outside(_)) | None => {}
        }
        let mut text = text::Facts::for_keys();
        for (bit, pattern) in self.patterns.iter().enumerate() {
            text.learn(&text::Fact::Pattern(Rc::clone(pattern), region >> bit & 1 == 1));
        }
        for key in &self.named {
            text.learn(&text::Fact::Not(key.clone()));
        }
        for key in used {
            text.learn(&text::Fact::Not(key.clone()));
        }
        self.solver.solve_kind(&goal, Kind::Text, Known::from_text(text))
    }

    fn position(&self, pattern: &Pattern) -> Option<usize> {
        self.patterns.iter().position(|known| known.source() == pattern.source())
    }

    /// What a value must be for the schemas that govern this key.
    fn governing(&self, key: &str, draft: &Draft) -> Vec<Literal> {
        let mut goal: Vec<Literal> = match draft.kinds.get(key) {
            Some(&region) => self.governing_region(region),
            None => self.shapes.iter().flat_map(|shape| shape.governing(key)).map(Literal::yes).collect(),
        };
        goal.extend(draft.at.get(key).into_iter().flatten());
        goal
    }

    fn governing_region(&self, region: Region) -> Vec<Literal> {
        let mut goal = Vec::new();
        for shape in &self.shapes {
            let matching = shape
                .patterns
                .iter()
                .filter(|(pattern, _)| self.position(pattern).is_some_and(|bit| region >> bit & 1 == 1));
            let before = goal.len();
            goal.extend(matching.map(|(_, id)| Literal::yes(*id)));
            if goal.len() == before {
                goal.extend(shape.additional.map(Literal::yes));
            }
        }
        goal
    }

    /// Gives each key that must be there its value, and adds keys where more are needed.
    fn finish(&mut self, draft: &Draft) -> Leaf {
        let first = draft.at.keys();
        let rest = self.facts.has.iter().filter(|key| !draft.at.contains_key(*key));
        let needed: Vec<String> = first.chain(rest).cloned().collect();
        if needed.iter().any(|key| self.facts.lacks.contains(key))
            || self.facts.max.is_some_and(|max| (needed.len() as u64) > max)
        {
            return Leaf::Empty;
        }
        let mut doubt = None;
        let mut object = Map::new();
        for key in needed {
            if self.misnamed(&key, &mut doubt) {
                return Leaf::Empty;
            }
            let goal = self.governing(&key, draft);
            match self.solver.solve(goal) {
                Leaf::Empty => return Leaf::Empty,
                Leaf::Unknown(reason) => doubt = Some(reason),
                Leaf::Found(value) => drop(object.insert(key, value)),
            }
        }
        doubt.map_or_else(|| self.fill(object, draft), Leaf::Unknown)
    }

    fn misnamed(&self, key: &str, doubt: &mut Option<Rc<str>>) -> bool {
        let answers =
            self.facts.names.iter().map(|&names| evaluate(&self.solver.arena, Literal::yes(names), &key.into()));
        for answer in answers {
            match answer {
                Some(true) => {}
                Some(false) => return true,
                None => {
                    *doubt = Some("the names of keys are constrained in a way that the prover does not follow".into());
                }
            }
        }
        false
    }

    fn fill(&mut self, mut object: Map<String, Value>, draft: &Draft) -> Leaf {
        let mut doubt = None;
        let min = self.target(object.len() as u64);
        if min.saturating_sub(object.len() as u64) > FILLING {
            return Leaf::Unknown("the object needs too many keys".into());
        }
        let mut optional: Vec<String> = self.named.iter().cloned().collect();
        if let Some(rng) = &mut self.solver.rng {
            rng.shuffle(&mut optional);
        }
        for key in optional {
            if object.len() as u64 >= min {
                break;
            }
            let free = !object.contains_key(&key) && !self.facts.lacks.contains(&key);
            if !free || self.misnamed(&key, &mut doubt) {
                continue;
            }
            let goal = self.governing(&key, draft);
            match self.solver.solve(goal) {
                Leaf::Empty => {}
                Leaf::Unknown(reason) => doubt = Some(reason),
                Leaf::Found(value) => drop(object.insert(key, value)),
            }
        }
        for region in self.regions() {
            if object.len() as u64 >= min {
                break;
            }
            let goal = self.governing_region(region);
            let value = match self.solver.solve(goal) {
                Leaf::Empty => continue,
                Leaf::Unknown(reason) => {
                    doubt = Some(reason);
                    continue;
                }
                Leaf::Found(value) => value,
            };
            while (object.len() as u64) < min {
                match self.fresh(region, None, object.keys()) {
                    Leaf::Found(Value::String(key)) => drop(object.insert(key, value.clone())),
                    Leaf::Unknown(reason) => {
                        doubt = Some(reason);
                        break;
                    }
                    _ => break,
                }
            }
        }
        if object.len() as u64 >= self.facts.min {
            return Leaf::Found(Value::Object(object));
        }
        doubt.or(self.unexamined_keys_reason()).map_or(Leaf::Empty, Leaf::Unknown)
    }

    /// How many keys the object is to have: as few as it can, or some more by rng.
    fn target(&mut self, has: u64) -> u64 {
        let min = self.facts.min;
        let named = self.named.len();
        let Some(rng) = &mut self.solver.rng else { return min };
        let more = match rng.below(4) {
            0 => 0,
            1 => named + 1,
            _ => rng.below(named + 2),
        };
        (has + more as u64).max(min).min(self.facts.max.unwrap_or(u64::MAX))
    }
}
