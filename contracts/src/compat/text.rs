//! Strings: lengths, patterns, formats and exclusions at once, by walking the product of automata.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    rc::Rc,
};

use super::{
    Leaf, Rng,
    format::{Format, STRANGE},
    language::{Machine, Pattern, State, TooLarge, alphabet},
    work,
};

/// The most steps that one search walks.
const STEPS: usize = 60_000;

/// The longest string that is built without a search.
const LONGEST: u64 = 1_000_000;

/// The most strings of a search that are tried against constraints without an automaton.
const TRIALS: usize = 40;

/// One thing that is known of a string.
#[derive(Clone, Debug)]
pub(super) enum Fact {
    /// The minimum length in characters.
    AtLeast(u64),
    /// The maximum length in characters.
    AtMost(u64),
    Pattern(Rc<Pattern>, bool),
    Format(Format, bool),
    Not(String),
}

/// What is known of a string.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    min: u64,
    max: Option<u64>,
    patterns: BTreeMap<String, (Rc<Pattern>, bool)>,
    formats: BTreeMap<Format, bool>,
    excluded: BTreeSet<String>,
    contradicted: bool,
    /// Keys of objects read better as words.
    key: bool,
}

impl Facts {
    pub(super) fn for_keys() -> Self {
        Self { key: true, ..Self::default() }
    }

    pub(super) fn learn(&mut self, fact: &Fact) {
        match fact {
            Fact::AtLeast(length) => self.min = self.min.max(*length),
            Fact::AtMost(length) => self.max = Some(self.max.map_or(*length, |max| max.min(*length))),
            Fact::Pattern(pattern, holds) => {
                let entry = (Rc::clone(pattern), *holds);
                let before = self.patterns.insert(pattern.source().to_owned(), entry);
                self.contradicted |= before.is_some_and(|(_, before)| before != *holds);
            }
            Fact::Format(format, holds) => {
                let before = self.formats.insert(*format, *holds);
                self.contradicted |= before.is_some_and(|before| before != *holds);
            }
            Fact::Not(text) => {
                self.excluded.insert(text.clone());
            }
        }
    }

    /// A string of which all this is true, or that there is none.
    pub(super) fn solve(&self, rng: Option<&mut Rng>) -> Leaf {
        if self.contradicted || self.max.is_some_and(|max| max < self.min) || self.formats_contradict() {
            return Leaf::Empty;
        }
        let mut search = Search::new(self);
        match rng {
            None => {
                let easy = self.easy().into_iter().find(|text| self.admits(text));
                easy.map_or_else(|| search.run(self, None), |text| Leaf::Found(text.into()))
            }
            Some(rng) => {
                let mut easy = self.easy();
                easy.retain(|text| self.admits(text));
                if !easy.is_empty() && rng.below(3) > 0 {
                    return Leaf::Found(easy.swap_remove(rng.below(easy.len())).into());
                }
                match search.run(self, Some(rng)) {
                    Leaf::Found(value) => Leaf::Found(value),
                    _ if !easy.is_empty() => Leaf::Found(easy.swap_remove(0).into()),
                    _ => Search::new(self).run(self, None),
                }
            }
        }
    }

    fn formats_contradict(&self) -> bool {
        let signed =
            |sign: bool| self.formats.iter().filter(move |(_, holds)| **holds == sign).map(|(format, _)| *format);
        signed(true).any(|given| signed(false).any(|refused| given.implies(refused)))
    }

    /// Whether all this is true of a value; of one that is no string it is.
    pub(super) fn admits_value(&self, value: &serde_json::Value) -> bool {
        value.as_str().is_none_or(|text| self.admits(text))
    }

    fn admits(&self, text: &str) -> bool {
        let length = text.chars().count() as u64;
        length >= self.min
            && self.max.is_none_or(|max| length <= max)
            && !self.excluded.contains(text)
            && self.formats.iter().all(|(format, holds)| format.admits(text) == Some(*holds))
            && self.patterns.values().all(|(pattern, holds)| pattern.matches(text) == *holds)
    }

    /// Strings that often do, in the order in which they read best.
    fn easy(&self) -> Vec<String> {
        let given = self.formats.iter().filter(|(_, holds)| **holds);
        let mut found: Vec<String> = given.flat_map(|(format, _)| format.samples(self.min)).collect();
        if self.formats.values().any(|holds| !holds) {
            let times = usize::try_from(self.min.min(10_000)).unwrap_or(0);
            found.extend(STRANGE.map(|text| format!("{text}{}", text.repeat(times / text.chars().count().max(1)))));
        }
        if self.key {
            found.extend(["other", "another", "extra", "a"].map(str::to_owned));
        }
        let shortest = usize::try_from(self.min.clamp(1, LONGEST)).unwrap_or(1);
        if self.min <= LONGEST {
            found.extend(["a", "b", "é", "0", "😀"].map(|character| character.repeat(shortest)));
            found.extend(["a", "b"].map(|character| character.repeat(shortest + 1)));
        }
        if self.min == 0 {
            found.push(String::new());
        }
        if let Some(max) = self.max.filter(|&max| max <= 10_000) {
            found.push("z".repeat(usize::try_from(max).unwrap_or(0)));
        }
        found
    }
}

/// What a search tells apart: where each automaton stands, and the excluded texts that may still come.
type Place = (Vec<State>, Option<usize>);

/// A step of a search: the step before it, and the character between them.
struct Step {
    place: Place,
    from: usize,
    character: char,
}

struct Search {
    machines: Vec<(Rc<Pattern>, bool)>,
    formats: Vec<(Rc<Machine>, bool)>,
    characters: Vec<(char, u32)>,
    /// The excluded texts as a tree: children by character, and whether a text ends here.
    tree: Vec<(HashMap<char, usize>, bool)>,
    steps: Vec<Step>,
    trials: usize,
}

impl Search {
    fn new(facts: &Facts) -> Self {
        let patterns = facts.patterns.values().filter(|(pattern, _)| pattern.machine().is_some());
        let machines: Vec<_> = patterns.cloned().collect();
        let formats: Vec<_> = facts
            .formats
            .iter()
            .filter_map(|(format, holds)| {
                let machine = if *holds { format.wider() } else { format.narrower() };
                machine.map(|machine| (machine, *holds))
            })
            .collect();
        let mut borders: BTreeSet<u32> = BTreeSet::new();
        for (pattern, _) in &machines {
            borders.extend(pattern.machine().into_iter().flat_map(Machine::borders));
        }
        for (machine, _) in &formats {
            borders.extend(machine.borders());
        }
        for character in facts.excluded.iter().flat_map(|text| text.chars()) {
            borders.extend([u32::from(character), u32::from(character) + 1]);
        }
        let tree = tree_of(&facts.excluded);
        Self { machines, formats, characters: alphabet(&borders), tree, steps: Vec::new(), trials: 0 }
    }

    /// Walks all texts of the least length at once, then longer ones until nothing new can come.
    fn run(&mut self, facts: &Facts, rng: Option<&mut Rng>) -> Leaf {
        self.walk(facts, rng).unwrap_or_else(|TooLarge| {
            let too_long = facts.min > STEPS as u64;
            let reason =
                if too_long { "the text would be too long to show" } else { "the patterns are too large to compare" };
            Leaf::Unknown(reason.into())
        })
    }

    fn walk(&mut self, facts: &Facts, mut rng: Option<&mut Rng>) -> Result<Leaf, TooLarge> {
        let start = self.start();
        self.steps.push(Step { place: start, from: 0, character: 'a' });
        let mut level = vec![0];
        let least = match &mut rng {
            Some(rng) => {
                let room = facts.max.map_or(6, |max| max - facts.min).min(6);
                facts.min + rng.below(usize::try_from(room).unwrap_or(0) + 1) as u64
            }
            None => facts.min,
        };
        for _ in 0..least {
            level = self.next_level(&level, &mut HashSet::new(), rng.as_deref_mut())?;
            if level.is_empty() {
                return Ok(Leaf::Empty);
            }
        }
        let mut seen: HashSet<Place> = level.iter().map(|&step| self.steps[step].place.clone()).collect();
        let mut length = least;
        loop {
            for &step in &level {
                if let Some(text) = self.accepted(step, facts)? {
                    return Ok(Leaf::Found(text.into()));
                }
                if self.trials == TRIALS {
                    return Ok(Leaf::Unknown(unknown_reason(facts).into()));
                }
            }
            if facts.max == Some(length) {
                break;
            }
            length += 1;
            level = self.next_level(&level, &mut seen, rng.as_deref_mut())?;
            if level.is_empty() {
                break;
            }
        }
        if self.trials == 0 {
            return Ok(Leaf::Empty);
        }
        Ok(Leaf::Unknown(unknown_reason(facts).into()))
    }

    fn start(&self) -> Place {
        let patterns = self.machines.iter().filter_map(|(pattern, _)| pattern.machine()).map(Machine::start);
        let formats = self.formats.iter().map(|(machine, _)| machine.start());
        (patterns.chain(formats).collect(), Some(0))
    }

    /// The places one character on that are not `seen`; those that cannot end well are left out.
    fn next_level(
        &mut self,
        level: &[usize],
        seen: &mut HashSet<Place>,
        mut rng: Option<&mut Rng>,
    ) -> Result<Vec<usize>, TooLarge> {
        let mut next = Vec::new();
        for &from in level {
            let mut characters = self.characters.clone();
            if let Some(rng) = rng.as_deref_mut() {
                rng.shuffle(&mut characters);
            }
            for (character, _) in characters {
                if self.steps.len() > STEPS || !work::spend(1) {
                    return Err(TooLarge);
                }
                let Some(place) = self.after(from, character)? else { continue };
                if seen.insert(place.clone()) {
                    next.push(self.steps.len());
                    self.steps.push(Step { place, from, character });
                }
            }
        }
        Ok(next)
    }

    fn after(&self, from: usize, character: char) -> Result<Option<Place>, TooLarge> {
        let (states, branch) = &self.steps[from].place;
        let mut next = Vec::with_capacity(states.len());
        for ((machine, wanted), state) in self.all_machines().zip(states) {
            let state = machine.step(*state, character)?;
            if matches!((state, wanted), (State::Lost, true) | (State::Found, false)) {
                return Ok(None);
            }
            next.push(state);
        }
        Ok(Some((next, branch.and_then(|branch| self.tree[branch].0.get(&character).copied()))))
    }

    fn all_machines(&self) -> impl Iterator<Item = (&Machine, bool)> {
        let patterns = self.machines.iter().filter_map(|(pattern, wanted)| Some((pattern.machine()?, *wanted)));
        patterns.chain(self.formats.iter().map(|(machine, wanted)| (&**machine, *wanted)))
    }

    /// The text that leads to `step`, if all automata and all else that is known admit it.
    fn accepted(&mut self, step: usize, facts: &Facts) -> Result<Option<String>, TooLarge> {
        let (states, branch) = &self.steps[step].place;
        if branch.is_some_and(|branch| self.tree[branch].1) {
            return Ok(None);
        }
        for ((machine, wanted), state) in self.all_machines().zip(states) {
            if machine.is_match_at_end(*state)? != wanted {
                return Ok(None);
            }
        }
        self.trials += 1;
        let text = self.text(step);
        Ok(facts.admits(&text).then_some(text))
    }

    fn text(&self, mut step: usize) -> String {
        let mut characters = Vec::new();
        while step != 0 {
            characters.push(self.steps[step].character);
            step = self.steps[step].from;
        }
        characters.into_iter().rev().collect()
    }
}

fn tree_of(texts: &BTreeSet<String>) -> Vec<(HashMap<char, usize>, bool)> {
    let mut tree = vec![(HashMap::new(), false)];
    for text in texts {
        let mut at = 0;
        for character in text.chars() {
            let free = tree.len();
            let next = *tree[at].0.entry(character).or_insert(free);
            if next == free {
                tree.push((HashMap::new(), false));
            }
            at = next;
        }
        tree[at].1 = true;
    }
    tree
}

fn unknown_reason(facts: &Facts) -> String {
    let opaque = facts.patterns.values().find(|(pattern, _)| pattern.machine().is_none());
    if let Some((pattern, _)) = opaque {
        return format!("the pattern `{}` has look-around, back-references or word boundaries", pattern.source());
    }
    let names: Vec<_> = facts.formats.keys().map(|format| format.name()).collect();
    format!(
        "no text was found for the format {} under the other constraints, and none is proved absent",
        names.join(", ")
    )
}
