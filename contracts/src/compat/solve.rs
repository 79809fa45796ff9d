//! The search for a value of which several literals are true, or the proof that there is none.
//!
//! A goal is solved kind by kind. What its literals say is gathered as facts; where they leave a
//! choice, the facts without the choice are solved first, and only a choice that the value found
//! violates is branched over. Dropping what is not understood only ever admits more values, so
//! that "there is none" stays a proof; a value that is found is checked.

use std::{
    collections::{BTreeSet, HashMap},
    rc::Rc,
};

use serde_json::Value;

use super::{
    Leaf, Rng,
    arena::{Arena, Kind, Literal, Node},
    array,
    evaluate::evaluate,
    expand::{Choice, Fact, expand},
    number, object, text, work,
};

/// How many branches one question may take.
const BUDGET: u32 = 40_000;

/// How much work a branch is, beside the searches that it leads to.
const BRANCH_STEPS: u64 = 20;

/// How deep the values that are looked for may nest.
const DEPTH: usize = 130;

/// How deep random values nest before they become as small as they can.
const RANDOM_DEPTH: usize = 5;

/// All that is known of a value of one kind.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    seen: BTreeSet<Literal>,
    pub(super) number: number::Facts,
    pub(super) text: text::Facts,
    pub(super) array: array::Facts,
    pub(super) object: object::Facts,
    listed: Option<Rc<Vec<Value>>>,
    choices: Vec<Choice>,
}

impl Known {
    pub(super) fn from_text(text: text::Facts) -> Self {
        Self { text, ..Self::default() }
    }
}

pub(super) struct Solver {
    pub(super) arena: Arena,
    known: HashMap<Vec<Literal>, Leaf>,
    open: Vec<Vec<Literal>>,
    /// The outermost open goal that was assumed to have no value below the current one.
    assumed: usize,
    budget: u32,
    /// Whether an option is asked about beforehand.
    asking: bool,
    /// With rng, values are picked at random instead of the simplest first.
    pub(super) rng: Option<Rng>,
}

impl Solver {
    pub(super) fn new(arena: Arena) -> Self {
        Self {
            arena,
            known: HashMap::new(),
            open: Vec::new(),
            assumed: usize::MAX,
            budget: BUDGET,
            asking: false,
            rng: None,
        }
    }

    /// Starts a new question: what is known stays known.
    pub(super) fn refresh(&mut self) {
        self.budget = BUDGET;
    }

    /// Takes one step from the budget.
    pub(super) fn spend(&mut self) -> Result<(), Leaf> {
        let left = self.budget.checked_sub(1).filter(|_| work::spend(BRANCH_STEPS));
        self.budget = left.unwrap_or(0);
        left.map(|_| ()).ok_or_else(|| Leaf::Unknown("the schemas leave too many combinations to try".into()))
    }

    /// A value of which all literals of `goal` are true.
    pub(super) fn solve(&mut self, mut goal: Vec<Literal>) -> Leaf {
        goal.retain(|literal| !self.is_trivial(*literal));
        goal.sort_unstable();
        goal.dedup();
        if goal
            .iter()
            .any(|literal| self.is_trivial(literal.opposite()) || goal.binary_search(&literal.opposite()).is_ok())
        {
            return Leaf::Empty;
        }
        if self.rng.is_some() {
            return self.solve_at_random(&goal);
        }
        if let Some(answer) = self.known.get(&goal) {
            return answer.clone();
        }
        // A smallest value contains no value of the same goal: that value would be smaller.
        if let Some(depth) = self.open.iter().position(|open| *open == goal) {
            self.assumed = self.assumed.min(depth);
            return Leaf::Empty;
        }
        self.solve_new(goal)
    }

    fn solve_new(&mut self, goal: Vec<Literal>) -> Leaf {
        let depth = self.open.len();
        if depth > DEPTH {
            return Leaf::Unknown("the schemas nest too deep".into());
        }
        if let Err(spent) = self.spend() {
            return spent;
        }
        self.open.push(goal.clone());
        let outer = std::mem::replace(&mut self.assumed, usize::MAX);
        let answer = self.solve_kinds(&goal);
        self.open.pop();
        let independent = self.assumed >= depth;
        if independent || matches!(answer, Leaf::Found(_)) {
            self.known.insert(goal, answer.clone());
        }
        self.assumed = if independent { outer } else { outer.min(self.assumed) };
        answer
    }

    fn solve_at_random(&mut self, goal: &[Literal]) -> Leaf {
        if self.open.len() >= RANDOM_DEPTH || self.budget == 0 {
            let rng = self.rng.take();
            let open = std::mem::take(&mut self.open);
            self.refresh();
            let answer = self.solve(goal.to_vec());
            self.open = open;
            self.rng = rng;
            return answer;
        }
        if let Err(spent) = self.spend() {
            return spent;
        }
        self.open.push(goal.to_vec());
        let answer = self.solve_kinds(goal);
        self.open.pop();
        answer
    }

    fn is_trivial(&self, literal: Literal) -> bool {
        matches!((&*self.arena.node(literal.node), literal.holds), (Node::Always, true) | (Node::Never, false))
    }

    fn solve_kinds(&mut self, goal: &[Literal]) -> Leaf {
        let mut kinds = Kind::ALL;
        if let Some(rng) = &mut self.rng {
            rng.shuffle(&mut kinds);
        }
        let mut doubt = None;
        for kind in kinds {
            match self.solve_kind(goal, kind, Known::default()) {
                Leaf::Empty => {}
                Leaf::Unknown(reason) => doubt = Some(reason),
                found @ Leaf::Found(_) => return found,
            }
        }
        doubt.map_or(Leaf::Empty, Leaf::Unknown)
    }

    /// A value of one kind for `goal`, of which more may be `known` beforehand.
    pub(super) fn solve_kind(&mut self, goal: &[Literal], kind: Kind, mut known: Known) -> Leaf {
        let facts = goal.iter().copied().map(Fact::Literal).collect();
        if self.learn(&mut known, facts, kind) { self.search(goal, kind, &known) } else { Leaf::Empty }
    }

    /// Adds facts and what follows from them. `false` if they contradict each other.
    fn learn(&mut self, known: &mut Known, mut facts: Vec<Fact>, kind: Kind) -> bool {
        while let Some(fact) = facts.pop() {
            match fact {
                Fact::Literal(literal) => {
                    if known.seen.contains(&literal.opposite()) {
                        return false;
                    }
                    if known.seen.insert(literal) {
                        let Some(more) = expand(&mut self.arena, literal, kind) else { return false };
                        facts.extend(more);
                    }
                }
                Fact::Number(fact) => known.number.learn(&fact),
                Fact::Text(fact) => known.text.learn(&fact),
                Fact::Array(fact) => known.array.learn(&fact),
                Fact::Object(fact) => known.object.learn(&fact),
                Fact::Listed(values) => known.listed = Some(values),
                Fact::Choice(choice) => match &choice.options[..] {
                    [] => return false,
                    [only] => facts.extend(only.iter().cloned()),
                    _ => known.choices.push(choice),
                },
            }
        }
        true
    }

    fn search(&mut self, goal: &[Literal], kind: Kind, known: &Known) -> Leaf {
        if let Err(spent) = self.spend() {
            return spent;
        }
        if let Some(values) = &known.listed {
            return self.pick(goal, known, values);
        }
        let value = match self.leaf(goal, kind, known) {
            Leaf::Empty => return Leaf::Empty,
            Leaf::Unknown(reason) if known.choices.is_empty() => return Leaf::Unknown(reason),
            Leaf::Unknown(_) => None,
            Leaf::Found(value) => Some(value),
        };
        let Some(value) = value else { return self.branch(goal, kind, known, 0) };
        let false_of_value = |literal: Literal| evaluate(&self.arena, literal, &value) == Some(false);
        if !goal.iter().any(|&literal| false_of_value(literal)) {
            return Leaf::Found(value);
        }
        match known.choices.iter().position(|choice| false_of_value(choice.source)) {
            Some(violated) => self.branch(goal, kind, known, violated),
            None if !known.choices.is_empty() => self.branch(goal, kind, known, 0),
            None => Leaf::Unknown("the schemas combine keywords in a way that the prover does not follow".into()),
        }
    }

    /// Decides a choice each way.
    fn branch(&mut self, goal: &[Literal], kind: Kind, known: &Known, choice: usize) -> Leaf {
        let mut rest = known.clone();
        let choice = rest.choices.swap_remove(choice);
        let mut options: Vec<&Vec<Fact>> = choice.options.iter().collect();
        if let Some(rng) = &mut self.rng {
            rng.shuffle(&mut options);
        }
        let mut doubt = None;
        for option in options {
            if self.excludes_itself(option) {
                continue;
            }
            let mut known = rest.clone();
            if !self.learn(&mut known, option.clone(), kind) {
                continue;
            }
            match self.search(goal, kind, &known) {
                Leaf::Empty => {}
                Leaf::Unknown(reason) => doubt = Some(reason),
                found @ Leaf::Found(_) => return found,
            }
        }
        doubt.map_or(Leaf::Empty, Leaf::Unknown)
    }

    /// Whether an option of several schemas at once, as `oneOf` leaves many, is impossible by itself.
    ///
    /// That is asked once for all other choices. It is asked of the very value that is looked for,
    /// not of a part of it, so that it must not meet that value's own goal as an open one.
    fn excludes_itself(&mut self, option: &[Fact]) -> bool {
        if option.len() != 2 || self.asking || self.rng.is_some() {
            return false;
        }
        let literals = option.iter().map(|fact| match fact {
            Fact::Literal(literal) if literal.holds => Some(*literal),
            _ => None,
        });
        let Some(mut goal) = literals.collect::<Option<Vec<_>>>() else { return false };
        goal.sort_unstable();
        if self.open.contains(&goal) {
            return false;
        }
        self.asking = true;
        let answer = self.solve(goal);
        self.asking = false;
        matches!(answer, Leaf::Empty)
    }

    /// One of the listed values of which all that is known is true.
    fn pick(&mut self, goal: &[Literal], known: &Known, values: &[Value]) -> Leaf {
        let mut values = values.to_vec();
        if let Some(rng) = &mut self.rng {
            rng.shuffle(&mut values);
        }
        let mut doubtful = None;
        for value in values {
            let literals = goal.iter().chain(&known.seen);
            let answers: Vec<_> = literals.map(|&literal| evaluate(&self.arena, literal, &value)).collect();
            if answers.contains(&Some(false)) || !known.text.admits_value(&value) {
                continue;
            }
            if answers.contains(&None) {
                doubtful = Some(value);
            } else {
                return Leaf::Found(value);
            }
        }
        // What cannot be evaluated may still be true: whoever asked checks it.
        doubtful.map_or(Leaf::Empty, Leaf::Found)
    }

    fn leaf(&mut self, goal: &[Literal], kind: Kind, known: &Known) -> Leaf {
        match kind {
            Kind::Null => self.pick(goal, known, &[Value::Null]),
            Kind::Boolean => self.pick(goal, known, &[Value::Bool(true), Value::Bool(false)]),
            Kind::Number => known.number.solve(self.rng.as_mut()),
            Kind::Text => known.text.solve(self.rng.as_mut()),
            Kind::Array => array::solve(self, &known.array),
            Kind::Object => object::solve(self, &known.object),
        }
    }
}
