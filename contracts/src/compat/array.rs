//! Arrays: how long they are, and what stands at each place.
//!
//! Places beyond all `prefixItems` are alike, so that only as many of them are looked at as
//! something is demanded of.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    Leaf,
    arena::{Id, Literal, Node},
    number::same,
    solve::Solver,
};

/// The longest array that is built.
const LENGTH: u64 = 2_000;

/// The longest array that is built of items of which most are the same.
const SAME: u64 = 500_000;

/// The longest array for which distinct items are built.
const DIFFERENT: usize = 150;

/// The most items that one `contains` may demand.
const CONTAINED: u64 = 12;

/// One thing that is known of an array.
#[derive(Clone, Debug)]
pub(super) enum Fact {
    /// The array is valid for `items` and `prefixItems` of this node.
    Shape(Id),
    /// So many items are valid for this node.
    Count {
        node: Id,
        min: u64,
        max: Option<u64>,
    },
    /// There is an item at this place, and it is so.
    At(usize, Literal),
    /// There is an item at this place or later that is so.
    Somewhere(usize, Literal),
    Unique,
    Repeated,
    AtLeast(u64),
    AtMost(u64),
}

/// What is known of an array.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    shapes: Vec<Id>,
    counts: Vec<(Id, u64, Option<u64>)>,
    at: BTreeMap<usize, Vec<Literal>>,
    somewhere: Vec<(usize, Literal)>,
    unique: bool,
    repeated: bool,
    min: u64,
    max: Option<u64>,
}

impl Facts {
    pub(super) fn learn(&mut self, fact: &Fact) {
        match *fact {
            Fact::Shape(node) => self.shapes.push(node),
            Fact::Count { node, min, max } => self.counts.push((node, min, max)),
            Fact::At(place, literal) => self.at.entry(place).or_default().push(literal),
            Fact::Somewhere(from, literal) => self.somewhere.push((from, literal)),
            Fact::Unique => self.unique = true,
            Fact::Repeated => self.repeated = true,
            Fact::AtLeast(count) => self.min = self.min.max(count),
            Fact::AtMost(count) => self.max = Some(self.max.map_or(count, |max| max.min(count))),
        }
    }
}

/// An array of which all this is true, or that there is none.
pub(super) fn solve(solver: &mut Solver, facts: &Facts) -> Leaf {
    if facts.max.is_some_and(|max| max < facts.min) || (facts.unique && facts.repeated) {
        return Leaf::Empty;
    }
    let shapes: Vec<_> = facts.shapes.iter().map(|&id| shape(solver, id)).collect();
    let prefix =
        shapes.iter().map(|(prefix, _)| prefix.len()).chain(facts.somewhere.iter().map(|(from, _)| *from)).max();
    let demands = facts
        .counts
        .iter()
        .map(|(_, min, max)| max.unwrap_or(*min).min(CONTAINED).max(*min).min(CONTAINED))
        .sum::<u64>();
    let places = prefix.unwrap_or(0).max(facts.at.keys().next_back().map_or(0, |last| last + 1))
        + facts.somewhere.len()
        + usize::try_from(demands).unwrap_or(0)
        + if facts.repeated { 2 } else { 0 };
    let mut puzzle = Puzzle { solver, facts, shapes, places };
    let draft = Draft { at: facts.at.clone(), elsewhere: Vec::new(), equal_places: None };
    puzzle.place(0, &draft)
}

fn shape(solver: &Solver, id: Id) -> (Vec<Id>, Option<Id>) {
    match &*solver.arena.node(id) {
        Node::Keywords(keywords) => (keywords.prefix.clone(), keywords.items),
        Node::Always | Node::Never => (Vec::new(), None),
    }
}

/// What was decided so far.
#[derive(Clone)]
struct Draft {
    at: BTreeMap<usize, Vec<Literal>>,
    /// What is true of all items but those at these places.
    elsewhere: Vec<(Literal, BTreeSet<usize>)>,
    /// Two places that hold the same.
    equal_places: Option<(usize, usize)>,
}

struct Puzzle<'a> {
    solver: &'a mut Solver,
    facts: &'a Facts,
    shapes: Vec<(Vec<Id>, Option<Id>)>,
    /// How many places differ from each other.
    places: usize,
}

/// Gathers the answers to the branches of a choice.
#[derive(Default)]
struct Answers {
    doubt: Option<std::rc::Rc<str>>,
}

impl Answers {
    /// The answer, if it ends the search.
    fn take(&mut self, answer: Leaf) -> Option<Leaf> {
        match answer {
            Leaf::Empty => None,
            Leaf::Unknown(reason) => {
                self.doubt = Some(reason);
                None
            }
            found @ Leaf::Found(_) => Some(found),
        }
    }

    fn sum(self) -> Leaf {
        self.doubt.map_or(Leaf::Empty, Leaf::Unknown)
    }
}

impl Puzzle<'_> {
    /// Gives each demand for "some item" its place.
    fn place(&mut self, demand: usize, draft: &Draft) -> Leaf {
        let Some(&(from, literal)) = self.facts.somewhere.get(demand) else { return self.count(0, draft) };
        if let Err(spent) = self.solver.spend() {
            return spent;
        }
        let mut answers = Answers::default();
        for place in from..self.places.max(from + 1) {
            let mut next = draft.clone();
            next.at.entry(place).or_default().push(literal);
            if let Some(found) = answers.take(self.place(demand + 1, &next)) {
                return found;
            }
        }
        answers.sum()
    }

    /// Chooses the places of the items that each `contains` counts.
    fn count(&mut self, number: usize, draft: &Draft) -> Leaf {
        let Some(&(node, min, max)) = self.facts.counts.get(number) else { return self.choose_equal_places(draft) };
        if min > CONTAINED {
            return Leaf::Unknown("`minContains` demands too many items".into());
        }
        let most = max.map_or(min, |max| max.min(CONTAINED));
        let mut answers = Answers::default();
        for count in min..=most {
            let mut chosen = Vec::new();
            if let Some(found) = self.choose(number, node, max.is_some(), count, &mut chosen, draft, &mut answers) {
                return found;
            }
        }
        if max.is_some_and(|max| max > CONTAINED) {
            answers.doubt = Some("`maxContains` leaves too many combinations to try".into());
        }
        answers.sum()
    }

    #[expect(clippy::too_many_arguments, reason = "one step of a recursion that hands everything on")]
    fn choose(
        &mut self,
        number: usize,
        node: Id,
        bounded: bool,
        count: u64,
        chosen: &mut Vec<usize>,
        draft: &Draft,
        answers: &mut Answers,
    ) -> Option<Leaf> {
        if let Err(spent) = self.solver.spend() {
            return answers.take(spent);
        }
        if chosen.len() as u64 == count {
            let mut next = draft.clone();
            for &place in &*chosen {
                next.at.entry(place).or_default().push(Literal::yes(node));
            }
            if bounded {
                next.elsewhere.push((Literal::no(node), chosen.iter().copied().collect()));
            }
            let answer = self.count(number + 1, &next);
            return answers.take(answer);
        }
        for place in chosen.last().map_or(0, |last| last + 1)..self.places {
            chosen.push(place);
            let found = self.choose(number, node, bounded, count, chosen, draft, answers);
            chosen.pop();
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// Chooses two places that hold the same, if the array must repeat an item.
    fn choose_equal_places(&mut self, draft: &Draft) -> Leaf {
        if !self.facts.repeated {
            return self.finish(draft);
        }
        let mut answers = Answers::default();
        for second in 1..self.places {
            for first in 0..second {
                let next = Draft { equal_places: Some((first, second)), ..draft.clone() };
                if let Some(found) = answers.take(self.finish(&next)) {
                    return found;
                }
            }
        }
        answers.sum()
    }

    fn finish(&mut self, draft: &Draft) -> Leaf {
        let end = draft.at.keys().next_back().copied().max(draft.equal_places.map(|(_, second)| second));
        let least = (end.map_or(0, |end| end + 1) as u64).max(self.facts.min);
        if self.facts.max.is_some_and(|max| least > max) {
            return Leaf::Empty;
        }
        if least > LENGTH {
            return self.long(draft, least);
        }
        let length = self.target(least);
        match self.build(draft, length) {
            Leaf::Found(found) => Leaf::Found(found),
            _ if length > least => self.build(draft, least),
            other => other,
        }
    }

    /// A long array ends in many items that are the same; if that must not be, one item may prove it impossible.
    fn long(&mut self, draft: &Draft, least: u64) -> Leaf {
        let mut items = Vec::new();
        let mut doubt = None;
        for place in 0..=self.places {
            let goal = self.goal(place, draft);
            match self.solver.solve(goal) {
                Leaf::Empty => return Leaf::Empty,
                Leaf::Unknown(reason) => doubt = Some(reason),
                Leaf::Found(value) => items.push(value),
            }
        }
        if let Some(reason) = doubt {
            return Leaf::Unknown(reason);
        }
        match (usize::try_from(least), items.last().cloned()) {
            (Ok(length), Some(filler)) if least <= SAME && !self.facts.unique && draft.equal_places.is_none() => {
                items.resize(length, filler);
                Leaf::Found(Value::Array(items))
            }
            _ => Leaf::Unknown("the array would be too long to show".into()),
        }
    }

    fn target(&mut self, least: u64) -> u64 {
        let Some(rng) = &mut self.solver.rng else { return least };
        let more = if rng.below(2) == 0 { 0 } else { rng.below(4) as u64 };
        (least + more).min(self.facts.max.unwrap_or(u64::MAX)).min(LENGTH)
    }

    /// What must be true of the item at a place.
    fn goal(&self, place: usize, draft: &Draft) -> Vec<Literal> {
        let shaped = self.shapes.iter().filter_map(|(prefix, items)| prefix.get(place).copied().or(*items));
        let mut goal: Vec<Literal> = shaped.map(Literal::yes).collect();
        goal.extend(draft.at.get(&place).into_iter().flatten());
        goal.extend(draft.elsewhere.iter().filter(|(_, but)| !but.contains(&place)).map(|(literal, _)| *literal));
        goal.sort_unstable();
        goal.dedup();
        goal
    }

    fn build(&mut self, draft: &Draft, length: u64) -> Leaf {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let mut goals: Vec<Vec<Literal>> = (0..length).map(|place| self.goal(place, draft)).collect();
        if let Some((first, second)) = draft.equal_places {
            let shared = [goals[first].as_slice(), goals[second].as_slice()].concat();
            goals[first].clone_from(&shared);
            goals[second] = shared;
        }
        let mut items = Vec::with_capacity(length);
        let mut answers = Answers::default();
        for goal in &goals {
            match self.solver.solve(goal.clone()) {
                Leaf::Empty => return Leaf::Empty,
                Leaf::Unknown(reason) => answers.doubt = Some(reason),
                Leaf::Found(value) => items.push(value),
            }
        }
        if answers.doubt.is_some() {
            return answers.sum();
        }
        if let Some((first, second)) = draft.equal_places {
            items[second] = items[first].clone();
        }
        let repeats = self.facts.unique
            && items.iter().enumerate().any(|(index, item)| items[..index].iter().any(|before| same(before, item)));
        if repeats { self.distinct(&goals) } else { Leaf::Found(Value::Array(items)) }
    }

    /// Different items for all places: each place's own values are listed, then matched to places.
    fn distinct(&mut self, goals: &[Vec<Literal>]) -> Leaf {
        if goals.len() > DIFFERENT {
            return Leaf::Unknown("the array needs too many different items".into());
        }
        let mut domains: BTreeMap<&Vec<Literal>, Vec<Value>> = BTreeMap::new();
        let mut doubt = None;
        for goal in goals {
            if !domains.contains_key(goal) {
                let domain = self.several(goal, goals.len(), &mut doubt);
                domains.insert(goal, domain);
            }
        }
        let mut values: Vec<Value> = Vec::new();
        let mut choices: Vec<Vec<usize>> = Vec::new();
        for goal in goals {
            let mut indices = Vec::new();
            for value in &domains[goal] {
                let known = values.iter().position(|found| same(found, value));
                indices.push(known.unwrap_or(values.len()));
                if known.is_none() {
                    values.push(value.clone());
                }
            }
            choices.push(indices);
        }
        match (matched(&choices, values.len()), doubt) {
            (Some(chosen), _) => Leaf::Found(chosen.into_iter().map(|index| values[index].clone()).collect()),
            (None, Some(reason)) => Leaf::Unknown(reason),
            (None, None) => Leaf::Empty,
        }
    }

    /// Up to `count` different values of which `goal` is true.
    fn several(&mut self, goal: &[Literal], count: usize, doubt: &mut Option<std::rc::Rc<str>>) -> Vec<Value> {
        let mut found = Vec::new();
        let mut goal = goal.to_vec();
        while found.len() < count {
            match self.solver.solve(goal.clone()) {
                Leaf::Empty => break,
                Leaf::Unknown(reason) => {
                    *doubt = Some(reason);
                    break;
                }
                Leaf::Found(value) => {
                    goal.push(Literal::no(self.solver.arena.constant(&value)));
                    found.push(value);
                }
            }
        }
        found
    }
}

/// One value for each place, no value twice (augmenting paths).
fn matched(choices: &[Vec<usize>], values: usize) -> Option<Vec<usize>> {
    let mut taken: Vec<Option<usize>> = vec![None; values];
    for place in 0..choices.len() {
        if !augment(place, choices, &mut taken, &mut vec![false; values]) {
            return None;
        }
    }
    let mut chosen = vec![0; choices.len()];
    for (value, place) in taken.iter().enumerate() {
        if let Some(place) = place {
            chosen[*place] = value;
        }
    }
    Some(chosen)
}

fn augment(place: usize, choices: &[Vec<usize>], taken: &mut [Option<usize>], tried: &mut [bool]) -> bool {
    for &value in &choices[place] {
        if std::mem::replace(&mut tried[value], true) {
            continue;
        }
        if taken[value].is_none_or(|other| augment(other, choices, taken, tried)) {
            taken[value] = Some(place);
            return true;
        }
    }
    false
}
