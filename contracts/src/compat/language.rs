//! Patterns as automata: what strings they match, and what strings they do not.

use std::{
    cell::{OnceCell, RefCell},
    collections::BTreeSet,
};

use jsonschema::Validator;
use regex_automata::{
    Anchored, Input, MatchKind,
    hybrid::{
        LazyStateID,
        dfa::{Cache, DFA},
    },
    nfa::thompson::{self, WhichCaptures},
};
use regex_syntax::hir::{Class, Hir, HirKind};
use serde_json::json;

use super::{ecma, parse::Dialect, validator};

/// A regular expression of a schema.
#[derive(Debug)]
pub(super) struct Pattern {
    source: String,
    validator: OnceCell<Option<Validator>>,
    machine: OnceCell<Option<Machine>>,
}

impl Pattern {
    pub(super) fn new(source: &str) -> Self {
        Self { source: source.to_owned(), validator: OnceCell::new(), machine: OnceCell::new() }
    }

    pub(super) fn source(&self) -> &str {
        &self.source
    }

    pub(super) fn has_back_reference(&self) -> bool {
        ecma::has_back_reference(&self.source)
    }

    /// Whether the validator finds the pattern in a text. The schema that has the pattern was built,
    /// so that the pattern can be.
    pub(super) fn matches(&self, text: &str) -> bool {
        let build = || validator(&json!({ "pattern": ecma::translated(&self.source) }), Dialect::Current).ok();
        self.validator.get_or_init(build).as_ref().is_some_and(|validator| validator.is_valid(&text.into()))
    }

    /// The automaton; `None` for a pattern with look-around, back-references or word boundaries.
    pub(super) fn machine(&self) -> Option<&Machine> {
        // The validator's own translation of ECMAScript's syntax, so that both mean the same texts.
        let build =
            || jsonschema_regex::to_rust_regex(&ecma::translated(&self.source)).ok().and_then(|it| Machine::new(&it));
        self.machine.get_or_init(build).as_ref()
    }
}

/// A deterministic automaton that is built as far as it is walked.
#[derive(Debug)]
pub(super) struct Machine {
    automaton: DFA,
    cache: RefCell<Cache>,
    start: State,
    borders: BTreeSet<u32>,
}

/// Where an automaton stands after some characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum State {
    Running(LazyStateID),
    /// The pattern was found; what follows changes nothing.
    Found,
    /// The pattern cannot be found any more.
    Lost,
}

/// An automaton that outgrew its bounds.
#[derive(Debug)]
pub(super) struct TooLarge;

impl Machine {
    pub(super) fn new(expression: &str) -> Option<Self> {
        let parsed = regex_syntax::parse(expression).ok()?;
        let config = DFA::config()
            .match_kind(MatchKind::All)
            .cache_capacity(4 << 20)
            .skip_cache_capacity_check(true)
            .minimum_cache_clear_count(Some(0));
        let compiler = thompson::Config::new().nfa_size_limit(Some(4 << 20)).which_captures(WhichCaptures::None);
        let automaton = DFA::builder().configure(config).thompson(compiler).build(expression).ok()?;
        let mut cache = automaton.create_cache();
        let start = automaton.start_state_forward(&mut cache, &Input::new("").anchored(Anchored::No)).ok()?;
        let mut borders = BTreeSet::new();
        collect_borders(&parsed, &mut borders);
        let start = if start.is_match() { State::Found } else { State::Running(start) };
        Some(Self { automaton, cache: RefCell::new(cache), start, borders })
    }

    pub(super) fn start(&self) -> State {
        self.start
    }

    /// The characters at which a set of characters that the pattern tells apart begins.
    pub(super) fn borders(&self) -> &BTreeSet<u32> {
        &self.borders
    }

    pub(super) fn step(&self, state: State, character: char) -> Result<State, TooLarge> {
        let State::Running(mut at) = state else { return Ok(state) };
        let mut cache = self.cache.borrow_mut();
        let mut buffer = [0; 4];
        for byte in character.encode_utf8(&mut buffer).bytes() {
            at = self.automaton.next_state(&mut cache, at, byte).map_err(|_| TooLarge)?;
            if at.is_match() {
                return Ok(State::Found);
            }
            if at.is_dead() {
                return Ok(State::Lost);
            }
            if at.is_quit() {
                return Err(TooLarge);
            }
        }
        Ok(State::Running(at))
    }

    /// Whether the pattern is found in the text that led to `state`.
    pub(super) fn is_match_at_end(&self, state: State) -> Result<bool, TooLarge> {
        match state {
            State::Found => Ok(true),
            State::Lost => Ok(false),
            State::Running(at) => {
                let mut cache = self.cache.borrow_mut();
                let end = self.automaton.next_eoi_state(&mut cache, at).map_err(|_| TooLarge)?;
                Ok(end.is_match())
            }
        }
    }
}

fn collect_borders(expression: &Hir, borders: &mut BTreeSet<u32>) {
    let mut add = |first: char, last: char| {
        borders.insert(first.into());
        borders.insert(u32::from(last) + 1);
    };
    match expression.kind() {
        HirKind::Literal(literal) => {
            String::from_utf8_lossy(&literal.0).chars().for_each(|character| add(character, character));
        }
        HirKind::Class(Class::Unicode(class)) => {
            class.ranges().iter().for_each(|range| add(range.start(), range.end()));
        }
        HirKind::Class(Class::Bytes(class)) => {
            class.ranges().iter().for_each(|range| add(range.start().into(), range.end().into()));
        }
        HirKind::Repetition(repetition) => collect_borders(&repetition.sub, borders),
        HirKind::Capture(capture) => collect_borders(&capture.sub, borders),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            for part in parts {
                collect_borders(part, borders);
            }
        }
        // A start or end of a line depends on the line break.
        HirKind::Look(_) => add('\n', '\n'),
        HirKind::Empty => {}
    }
}

/// The characters that people like to read, best first.
const READABLE: &str = "axbyzcde0123456789ABXYZ-_ .:/@+,;!#$%&'()*<=>?[]^`{|}~\"\\";

/// One character of each set that none of the `borders` divides, readable ones first.
pub(super) fn alphabet(borders: &BTreeSet<u32>) -> Vec<(char, u32)> {
    let starts: Vec<u32> = std::iter::once(0).chain(borders.iter().copied()).collect();
    let ends = starts.iter().skip(1).copied().chain(std::iter::once(u32::from(char::MAX) + 1));
    let mut characters: Vec<(usize, char, u32)> = Vec::new();
    for (start, end) in starts.iter().copied().zip(ends) {
        let within = |character: &char| (start..end).contains(&u32::from(*character));
        let readable = READABLE.chars().enumerate().find(|(_, character)| within(character));
        let any = (start..end)
            .take(0x900)
            .find_map(char::from_u32)
            .map(|character| (READABLE.len() + start as usize, character));
        if let Some((rank, character)) = readable.or(any) {
            characters.push((rank, character, end));
        }
    }
    characters.sort_unstable();
    characters.into_iter().map(|(_, character, end)| (character, end)).collect()
}
