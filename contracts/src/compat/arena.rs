//! Schemas as the prover sees them: nodes that refer to each other by number.
//!
//! Two equal schemas are one node, whichever document they are in, so that the unchanged parts of
//! two versions cost the prover nothing.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    rc::Rc,
};

use serde_json::Value;

use super::{
    InvalidSchema, MAX_DEPTH,
    format::Format,
    language::Pattern,
    number::{self, Rational},
};

/// The number of a node.
pub(super) type Id = usize;

/// "The value is valid for this node", or "is not".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Literal {
    pub(super) node: Id,
    pub(super) holds: bool,
}

impl Literal {
    pub(super) fn yes(node: Id) -> Self {
        Self { node, holds: true }
    }

    pub(super) fn no(node: Id) -> Self {
        Self { node, holds: false }
    }

    pub(super) fn opposite(self) -> Self {
        Self { node: self.node, holds: !self.holds }
    }
}

/// The six types of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Boolean,
    Number,
    Text,
    Array,
    Object,
}

impl Kind {
    pub(super) const ALL: [Self; 6] = [Self::Null, Self::Boolean, Self::Number, Self::Text, Self::Array, Self::Object];

    pub(super) fn from_value(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Boolean,
            Value::Number(_) => Self::Number,
            Value::String(_) => Self::Text,
            Value::Array(_) => Self::Array,
            Value::Object(_) => Self::Object,
        }
    }
}

/// How much of a kind a `type` keyword admits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    All,
    Integers,
    Nothing,
}

#[derive(Debug)]
pub(super) enum Node {
    Always,
    Never,
    Keywords(Box<Keywords>),
}

/// `contains` with its bounds.
#[derive(Debug)]
pub(super) struct Contains {
    pub(super) node: Id,
    pub(super) min: u64,
    pub(super) max: Option<u64>,
}

/// The keywords `if`, `then` and `else`.
#[derive(Debug)]
pub(super) struct Condition {
    pub(super) test: Id,
    pub(super) then: Option<Id>,
    pub(super) otherwise: Option<Id>,
}

/// The values of `enum` and `const`.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) values: Vec<Value>,
    canonical: HashSet<String>,
}

impl Listed {
    pub(super) fn new(values: Vec<Value>) -> Self {
        let canonical = values.iter().map(number::canonical).collect();
        Self { values, canonical }
    }

    pub(super) fn includes(&self, value: &Value) -> bool {
        self.canonical.contains(&number::canonical(value))
    }
}

/// What an object's keyword `properties` and its companions say of one key.
#[derive(Debug, Default)]
pub(super) struct Shape {
    pub(super) properties: BTreeMap<String, Id>,
    pub(super) patterns: Vec<(Rc<Pattern>, Id)>,
    pub(super) additional: Option<Id>,
    /// Keys that `additional` does not govern although `properties` does not name them.
    pub(super) evaluated: Vec<String>,
}

/// The keywords of a schema that is an object. `None` and empty mean "not given".
#[derive(Debug, Default)]
pub(super) struct Keywords {
    pub(super) types: Option<Vec<String>>,
    pub(super) values: Option<Listed>,
    pub(super) reference: Option<Id>,
    pub(super) all_of: Vec<Id>,
    pub(super) any_of: Option<Vec<Id>>,
    pub(super) one_of: Option<Vec<Id>>,
    pub(super) not: Option<Id>,
    pub(super) condition: Option<Condition>,

    pub(super) minimum: Option<Rational>,
    pub(super) maximum: Option<Rational>,
    pub(super) above: Option<Rational>,
    pub(super) below: Option<Rational>,
    pub(super) multiple_of: Option<Rational>,

    pub(super) min_length: u64,
    pub(super) max_length: Option<u64>,
    pub(super) pattern: Option<Rc<Pattern>>,
    pub(super) format: Option<Format>,

    pub(super) prefix: Vec<Id>,
    pub(super) items: Option<Id>,
    pub(super) contains: Option<Contains>,
    pub(super) min_items: u64,
    pub(super) max_items: Option<u64>,
    pub(super) unique: bool,

    pub(super) shape: Shape,
    pub(super) names: Option<Id>,
    pub(super) required: Vec<String>,
    pub(super) min_properties: u64,
    pub(super) max_properties: Option<u64>,
    pub(super) dependent_required: Vec<(String, Vec<String>)>,
    pub(super) dependent: Vec<(String, Id)>,

    /// Kinds that a keyword constrains in a way that the prover does not follow. Ignoring it never makes a proof wrong.
    pub(super) opaque: Vec<Kind>,
}

impl Keywords {
    /// What the `type` keyword leaves of a kind.
    pub(super) fn admits(&self, kind: Kind) -> Admission {
        let Some(types) = &self.types else { return Admission::All };
        let named = |name: &str| types.iter().any(|found| found == name);
        let admitted = match kind {
            Kind::Null => named("null"),
            Kind::Boolean => named("boolean"),
            Kind::Text => named("string"),
            Kind::Array => named("array"),
            Kind::Object => named("object"),
            Kind::Number if named("number") => true,
            Kind::Number if named("integer") => return Admission::Integers,
            Kind::Number => false,
        };
        if admitted { Admission::All } else { Admission::Nothing }
    }
}

impl Keywords {
    /// The nodes that are asked about the same value.
    fn in_place(&self) -> Vec<Id> {
        let lists = [&self.any_of, &self.one_of].into_iter().flatten().flatten();
        let condition =
            self.condition.iter().flat_map(|condition| [Some(condition.test), condition.then, condition.otherwise]);
        let mut found: Vec<Id> =
            self.all_of.iter().chain(lists).chain(&self.reference).chain(&self.not).copied().collect();
        found.extend(condition.flatten());
        found.extend(self.dependent.iter().map(|(_, id)| *id));
        found
    }

    /// The nodes that are asked about parts of the value.
    fn below(&self) -> impl Iterator<Item = Id> {
        let shape = &self.shape;
        let fields = shape.properties.values().chain(shape.patterns.iter().map(|(_, id)| id));
        let others = self.prefix.iter().chain(&shape.additional).chain(&self.items).chain(&self.names);
        fields.chain(others).copied().chain(self.contains.iter().map(|contains| contains.node))
    }
}

/// Whether a node was there before.
pub(super) enum Interned {
    Known(Id),
    New(Id),
}

/// How far a walk over the nodes has come with one.
#[derive(Clone, Copy)]
enum Mark {
    New,
    Open,
    Done,
}

/// All nodes of the documents that were read.
#[derive(Debug, Default)]
pub(super) struct Arena {
    nodes: Vec<Rc<Node>>,
    places: Vec<String>,
    known: HashMap<(Option<usize>, String), Id>,
    patterns: HashMap<String, Rc<Pattern>>,
    documents: usize,
}

impl Arena {
    /// The number of a document that is about to be read.
    pub(super) fn begin(&mut self) -> usize {
        self.documents += 1;
        self.documents
    }

    /// The node of this text, within one document if it refers to the document: a known one, or a new one to be set.
    pub(super) fn intern(&mut self, document: Option<usize>, text: String, place: &str) -> Interned {
        let key = (document, text);
        if let Some(&id) = self.known.get(&key) {
            return Interned::Known(id);
        }
        let id = self.push(Node::Always, place);
        self.known.insert(key, id);
        Interned::New(id)
    }

    /// Sets the content of a new node.
    pub(super) fn set(&mut self, id: Id, node: Node) {
        self.nodes[id] = Rc::new(node);
    }

    pub(super) fn is_always(&self, id: Id) -> bool {
        matches!(*self.nodes[id], Node::Always)
    }

    pub(super) fn node(&self, id: Id) -> Rc<Node> {
        Rc::clone(&self.nodes[id])
    }

    /// The node of the one value that equals `value`.
    pub(super) fn constant(&mut self, value: &Value) -> Id {
        match self.intern(None, format!("const {value}"), "") {
            Interned::Known(id) => id,
            Interned::New(id) => {
                let keywords = Keywords { values: Some(Listed::new(vec![value.clone()])), ..Keywords::default() };
                self.set(id, Node::Keywords(Box::new(keywords)));
                id
            }
        }
    }

    /// Refuses a schema that leads back to itself without looking at a part of the value.
    pub(super) fn check_ends(&self, root: Id) -> Result<(), InvalidSchema> {
        let mut marks = vec![Mark::New; self.nodes.len()];
        for id in (root..self.nodes.len()).chain(0..root) {
            self.follow(id, &mut marks)?;
        }
        Ok(())
    }

    fn follow(&self, id: Id, marks: &mut [Mark]) -> Result<(), InvalidSchema> {
        match marks[id] {
            Mark::Done => return Ok(()),
            Mark::Open => return Err(InvalidSchema::Endless(self.places[id].clone())),
            Mark::New => marks[id] = Mark::Open,
        }
        if let Node::Keywords(keywords) = &*self.nodes[id] {
            for next in keywords.in_place() {
                self.follow(next, marks)?;
            }
        }
        marks[id] = Mark::Done;
        Ok(())
    }

    /// Refuses a schema with too long a chain of parts that lead into each other, apart from cycles:
    /// the validator would follow it on the caller's stack.
    pub(super) fn check_depth(&self, root: Id) -> Result<(), InvalidSchema> {
        self.height(root, 0, &mut vec![None; self.nodes.len()]).map(|_| ())
    }

    fn height(&self, id: Id, depth: usize, heights: &mut [Option<usize>]) -> Result<usize, InvalidSchema> {
        let deep = || InvalidSchema::TooDeep(self.places[id].clone());
        if depth > MAX_DEPTH {
            return Err(deep());
        }
        if let Some(height) = heights[id] {
            return Ok(height);
        }
        heights[id] = Some(0);
        let mut highest = 0;
        if let Node::Keywords(keywords) = &*self.nodes[id] {
            for next in keywords.in_place().into_iter().chain(keywords.below()) {
                highest = highest.max(1 + self.height(next, depth + 1, heights)?);
            }
        }
        heights[id] = Some(highest);
        if depth + highest > MAX_DEPTH { Err(deep()) } else { Ok(highest) }
    }

    fn push(&mut self, node: Node, place: &str) -> Id {
        self.nodes.push(Rc::new(node));
        self.places.push(place.to_owned());
        self.nodes.len() - 1
    }

    /// A pattern of which nothing is proven: the validator may read it otherwise than ECMA-262.
    pub(super) fn doubtful_pattern(&self) -> Option<&Pattern> {
        self.patterns.values().map(|pattern| &**pattern).find(|pattern| pattern.has_back_reference())
    }

    pub(super) fn pattern(&mut self, source: &str) -> Rc<Pattern> {
        let build = || Rc::new(Pattern::new(source));
        Rc::clone(self.patterns.entry(source.to_owned()).or_insert_with(build))
    }
}
