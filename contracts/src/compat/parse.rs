//! JSON Schema documents, read into nodes.

use serde_json::{Map, Value};

use super::{
    InvalidSchema, MAX_DEPTH,
    arena::{Arena, Condition, Contains, Id, Interned, Keywords, Kind, Listed, Node},
    essence,
    format::Format,
    number::{self, Rational},
};

/// The dialect in which a document is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Draft 2020-12, in which contracts are written.
    Current,
    /// Draft-07, as far as its keywords mean the same.
    Seven,
}

/// Keywords that say nothing of validity.
const ANNOTATIONS: [&str; 10] = [
    "title",
    "description",
    "default",
    "examples",
    "$comment",
    "deprecated",
    "readOnly",
    "writeOnly",
    "$defs",
    "definitions",
];

/// Formats that other validators assert and ours does not, so that nothing is proved of them.
const UNASSERTED: [&str; 2] = ["idn-email", "idn-hostname"];

/// How many references a look at what is evaluated follows.
const REFERENCES: u8 = 8;

/// Keywords that may evaluate items as well.
const APPLIED_TO_ITEMS: [&str; 7] = ["$ref", "anyOf", "oneOf", "allOf", "if", "not", "contains"];

/// What draft-07 reads otherwise than draft 2020-12, or not at all.
const NOT_IN_SEVEN: [&str; 10] = [
    "additionalItems",
    "prefixItems",
    "dependentRequired",
    "dependentSchemas",
    "unevaluatedProperties",
    "unevaluatedItems",
    "minContains",
    "maxContains",
    "$anchor",
    "$dynamicRef",
];

impl Arena {
    /// Reads a document and returns its root.
    pub(super) fn read(&mut self, document: &Value, dialect: Dialect) -> Result<Id, InvalidSchema> {
        let number = self.begin();
        Reader { arena: self, document, dialect, number, depth: 0 }.node(document, "")
    }
}

struct Reader<'a> {
    arena: &'a mut Arena,
    document: &'a Value,
    dialect: Dialect,
    number: usize,
    /// How many schemas are being read that lead to this one.
    depth: usize,
}

impl Reader<'_> {
    fn node(&mut self, schema: &Value, at: &str) -> Result<Id, InvalidSchema> {
        if self.depth > MAX_DEPTH {
            return Err(InvalidSchema::TooDeep(at.to_owned()));
        }
        self.depth += 1;
        let id = self.read_node(schema, at);
        self.depth -= 1;
        id
    }

    fn read_node(&mut self, schema: &Value, at: &str) -> Result<Id, InvalidSchema> {
        let (essence, refers) = essential(schema);
        let id = match self.arena.intern(refers.then_some(self.number), essence.to_string(), at) {
            Interned::Known(id) => return Ok(id),
            Interned::New(id) => id,
        };
        let node = match schema {
            Value::Bool(true) => Node::Always,
            Value::Bool(false) => Node::Never,
            Value::Object(map) if map.is_empty() => Node::Always,
            Value::Object(map) => Node::Keywords(Box::new(self.keywords(map, at)?)),
            _ => {
                return Err(InvalidSchema::Invalid {
                    pointer: at.to_owned(),
                    reason: "a schema is an object or a boolean".into(),
                });
            }
        };
        self.arena.set(id, node);
        Ok(id)
    }

    fn keywords(&mut self, map: &Map<String, Value>, at: &str) -> Result<Keywords, InvalidSchema> {
        if self.dialect == Dialect::Seven && map.contains_key("$ref") {
            return self.reference_alone(map, at);
        }
        self.check_dialect(map, at)?;
        for holder in ["$defs", "definitions"] {
            self.children(map, holder, at)?;
        }
        let mut keywords = Keywords {
            types: types(map.get("type")),
            values: values(map).map(Listed::new),
            reference: self.reference(map)?,
            all_of: self.list(map, "allOf", at)?.unwrap_or_default(),
            any_of: self.list(map, "anyOf", at)?,
            one_of: self.list(map, "oneOf", at)?,
            not: self.child(map, "not", at)?,
            condition: self.condition(map, at)?,
            minimum: rational(map, "minimum"),
            maximum: rational(map, "maximum"),
            above: rational(map, "exclusiveMinimum"),
            below: rational(map, "exclusiveMaximum"),
            multiple_of: rational(map, "multipleOf"),
            min_length: count(map, "minLength").unwrap_or(0),
            max_length: count(map, "maxLength"),
            pattern: map.get("pattern").and_then(Value::as_str).map(|source| self.arena.pattern(source)),
            format: map.get("format").and_then(Value::as_str).and_then(Format::named),
            ..Keywords::default()
        };
        let is_encoded = ["contentEncoding", "contentMediaType"].iter().any(|keyword| map.contains_key(*keyword));
        // Draft-07's validators may assert an encoding.
        if Self::is_opaque_format(map) || (self.dialect == Dialect::Seven && is_encoded) {
            keywords.opaque.push(Kind::Text);
        }
        self.array_keywords(&mut keywords, map, at)?;
        self.object_keywords(&mut keywords, map, at)?;
        self.unevaluated(&mut keywords, map, at)?;
        Ok(keywords)
    }

    /// In draft-07 a reference stands for the whole schema: whatever is beside it is ignored, apart from definitions that
    /// other references name.
    ///
    /// <https://json-schema.org/draft-07/draft-handrews-json-schema-01#section-8.3>
    fn reference_alone(&mut self, map: &Map<String, Value>, at: &str) -> Result<Keywords, InvalidSchema> {
        for holder in ["$defs", "definitions"] {
            self.children(map, holder, at)?;
        }
        Ok(Keywords { reference: self.reference(map)?, ..Keywords::default() })
    }

    /// Formats that the specification asserts and our validator does not.
    fn is_opaque_format(map: &Map<String, Value>) -> bool {
        map.get("format").and_then(Value::as_str).is_some_and(|name| UNASSERTED.contains(&name))
    }

    fn check_dialect(&self, map: &Map<String, Value>, at: &str) -> Result<(), InvalidSchema> {
        if !at.is_empty() && map.contains_key("$id") {
            return Err(InvalidSchema::Embedded(at.to_owned()));
        }
        if self.dialect == Dialect::Current {
            return Ok(());
        }
        let tuple = map.get("items").is_some_and(Value::is_array).then_some("items as a list");
        let keyword = NOT_IN_SEVEN.into_iter().find(|keyword| map.contains_key(*keyword));
        match tuple.or(keyword) {
            Some(keyword) => Err(InvalidSchema::OldKeyword { pointer: at.to_owned(), keyword: keyword.to_owned() }),
            None => Ok(()),
        }
    }

    fn array_keywords(
        &mut self,
        keywords: &mut Keywords,
        map: &Map<String, Value>,
        at: &str,
    ) -> Result<(), InvalidSchema> {
        keywords.prefix = self.list(map, "prefixItems", at)?.unwrap_or_default();
        keywords.items = self.child(map, "items", at)?;
        keywords.contains = self.child(map, "contains", at)?.map(|node| Contains {
            node,
            min: count(map, "minContains").unwrap_or(1),
            max: count(map, "maxContains"),
        });
        keywords.min_items = count(map, "minItems").unwrap_or(0);
        keywords.max_items = count(map, "maxItems");
        keywords.unique = map.get("uniqueItems") == Some(&Value::Bool(true));
        Ok(())
    }

    fn object_keywords(
        &mut self,
        keywords: &mut Keywords,
        map: &Map<String, Value>,
        at: &str,
    ) -> Result<(), InvalidSchema> {
        keywords.shape.properties = self.children(map, "properties", at)?.into_iter().collect();
        for (source, id) in self.children(map, "patternProperties", at)? {
            keywords.shape.patterns.push((self.arena.pattern(&source), id));
        }
        keywords.shape.additional = self.child(map, "additionalProperties", at)?;
        keywords.names = self.child(map, "propertyNames", at)?;
        keywords.required = strings(map.get("required"));
        keywords.min_properties = count(map, "minProperties").unwrap_or(0);
        keywords.max_properties = count(map, "maxProperties");
        // Draft-07 has one keyword for both.
        let old = (self.dialect == Dialect::Seven).then_some("dependencies");
        for holder in ["dependentRequired"].into_iter().chain(old) {
            let entries = map.get(holder).and_then(Value::as_object).into_iter().flatten();
            let lists = entries.filter(|(_, list)| list.is_array());
            keywords.dependent_required.extend(lists.map(|(key, list)| (key.clone(), strings(Some(list)))));
        }
        keywords.dependent = self.children(map, "dependentSchemas", at)?;
        if let Some(old) = old {
            keywords.dependent.extend(self.children(map, old, at)?);
        }
        Ok(())
    }

    /// Rewrites `unevaluatedProperties` and `unevaluatedItems` where what is evaluated is plain to see.
    fn unevaluated(
        &mut self,
        keywords: &mut Keywords,
        map: &Map<String, Value>,
        at: &str,
    ) -> Result<(), InvalidSchema> {
        if map.contains_key("$dynamicRef") || map.contains_key("$recursiveRef") {
            keywords.opaque.extend(Kind::ALL);
        }
        let governed = |arena: &Arena, by: Option<Id>, rest: Id| by.is_some() || arena.is_always(rest);
        let rest = self.child(map, "unevaluatedProperties", at)?;
        if let Some(rest) = rest.filter(|rest| !governed(self.arena, keywords.shape.additional, *rest)) {
            if let Some((names, patterns)) = self.evaluated(map, REFERENCES) {
                keywords.shape.additional = Some(rest);
                keywords.shape.evaluated = names;
                let always = self.node(&Value::Bool(true), at)?;
                keywords.shape.patterns.extend(patterns.iter().map(|source| (self.arena.pattern(source), always)));
            } else {
                keywords.opaque.push(Kind::Object);
            }
        }
        let rest = self.child(map, "unevaluatedItems", at)?;
        if let Some(rest) = rest.filter(|rest| !governed(self.arena, keywords.items, *rest)) {
            if APPLIED_TO_ITEMS.into_iter().any(|keyword| map.contains_key(keyword)) {
                keywords.opaque.push(Kind::Array);
            } else {
                keywords.items = Some(rest);
            }
        }
        Ok(())
    }

    /// The keys and key patterns that `schema` evaluates whatever the instance, or `None` where that
    /// depends on the instance.
    fn evaluated(&self, schema: &Map<String, Value>, depth: u8) -> Option<(Vec<String>, Vec<String>)> {
        if depth == 0 {
            return None;
        }
        let dependent = ["anyOf", "oneOf", "if", "dependentSchemas", "dependencies", "$dynamicRef"];
        if dependent.into_iter().any(|keyword| schema.contains_key(keyword)) {
            return None;
        }
        let keys = |holder: &str| -> Vec<String> {
            schema.get(holder).and_then(Value::as_object).into_iter().flat_map(Map::keys).cloned().collect()
        };
        let mut names = keys("properties");
        let mut patterns = keys("patternProperties");
        let target = match schema.get("$ref").and_then(Value::as_str) {
            Some(reference) => Some(resolve(self.document, reference)?),
            None => None,
        };
        let members = schema.get("allOf").and_then(Value::as_array).into_iter().flatten();
        for member in members.chain(target) {
            let Value::Object(member) = member else { continue };
            if member.contains_key("additionalProperties") || member.contains_key("unevaluatedProperties") {
                return None;
            }
            let (more_names, more_patterns) = self.evaluated(member, depth - 1)?;
            names.extend(more_names);
            patterns.extend(more_patterns);
        }
        Some((names, patterns))
    }

    fn reference(&mut self, map: &Map<String, Value>) -> Result<Option<Id>, InvalidSchema> {
        let Some(reference) = map.get("$ref").and_then(Value::as_str) else { return Ok(None) };
        let target =
            resolve(self.document, reference).ok_or_else(|| InvalidSchema::Unresolvable(reference.to_owned()))?;
        // An empty place means the root, the only one where `$id` may stand.
        let place = if std::ptr::eq(target, self.document) { "" } else { reference };
        self.node(target, place).map(Some)
    }

    fn condition(&mut self, map: &Map<String, Value>, at: &str) -> Result<Option<Condition>, InvalidSchema> {
        let Some(test) = self.child(map, "if", at)? else { return Ok(None) };
        let then = self.child(map, "then", at)?;
        let otherwise = self.child(map, "else", at)?;
        Ok((then.is_some() || otherwise.is_some()).then_some(Condition { test, then, otherwise }))
    }

    fn child(&mut self, map: &Map<String, Value>, keyword: &str, at: &str) -> Result<Option<Id>, InvalidSchema> {
        map.get(keyword).map(|schema| self.node(schema, &format!("{at}/{keyword}"))).transpose()
    }

    fn list(&mut self, map: &Map<String, Value>, keyword: &str, at: &str) -> Result<Option<Vec<Id>>, InvalidSchema> {
        let Some(list) = map.get(keyword).and_then(Value::as_array) else { return Ok(None) };
        let places = list.iter().enumerate();
        places
            .map(|(index, schema)| self.node(schema, &format!("{at}/{keyword}/{index}")))
            .collect::<Result<_, _>>()
            .map(Some)
    }

    fn children(
        &mut self,
        map: &Map<String, Value>,
        keyword: &str,
        at: &str,
    ) -> Result<Vec<(String, Id)>, InvalidSchema> {
        let entries = map.get(keyword).and_then(Value::as_object).into_iter().flatten();
        let mut found = Vec::new();
        for (name, schema) in entries.filter(|(_, schema)| !schema.is_array()) {
            found.push((name.clone(), self.node(schema, &format!("{at}/{keyword}/{}", escape(name)))?));
        }
        Ok(found)
    }
}

/// A key as a token of a JSON pointer.
pub(super) fn escape(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

/// What `reference` names in `document`: the root, a JSON pointer, or an anchor.
pub(super) fn resolve<'a>(document: &'a Value, reference: &str) -> Option<&'a Value> {
    let fragment = match document.get("$id").and_then(Value::as_str) {
        Some(id) => reference.strip_prefix(id).unwrap_or(reference),
        None => reference,
    };
    let fragment = percent_decoded(fragment.strip_prefix('#').or(fragment.is_empty().then_some(""))?)?;
    if fragment.is_empty() || fragment.starts_with('/') {
        return document.pointer(&fragment);
    }
    anchored(document, &fragment)
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next()?, rest.next()?];
        bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
    }
    String::from_utf8(bytes).ok()
}

fn anchored<'a>(schema: &'a Value, name: &str) -> Option<&'a Value> {
    match schema {
        Value::Object(map) => {
            let is_named = |keyword: &str| map.get(keyword).and_then(Value::as_str) == Some(name);
            if is_named("$anchor") || is_named("$dynamicAnchor") {
                return Some(schema);
            }
            let parts =
                map.iter().filter(|(keyword, _)| !["const", "enum", "examples", "default"].contains(&keyword.as_str()));
            parts.into_iter().find_map(|(_, part)| anchored(part, name))
        }
        Value::Array(list) => list.iter().find_map(|part| anchored(part, name)),
        _ => None,
    }
}

/// A schema without its annotations, and whether it refers to its document.
fn essential(schema: &Value) -> (Value, bool) {
    let mut refers = false;
    let essence = essence::with_keywords(schema, &mut |keyword| {
        refers |= matches!(keyword, "$ref" | "$dynamicRef" | "$recursiveRef");
        !ANNOTATIONS.contains(&keyword)
    });
    (essence, refers)
}

fn types(keyword: Option<&Value>) -> Option<Vec<String>> {
    match keyword? {
        Value::String(name) => Some(vec![name.clone()]),
        list => Some(strings(Some(list))),
    }
}

/// The values of `enum` and `const` together.
fn values(map: &Map<String, Value>) -> Option<Vec<Value>> {
    let listed = map.get("enum").and_then(Value::as_array);
    match (listed, map.get("const")) {
        (None, None) => None,
        (Some(list), None) => Some(list.clone()),
        (None, Some(value)) => Some(vec![value.clone()]),
        (Some(list), Some(value)) => Some(list.iter().filter(|found| number::same(found, value)).cloned().collect()),
    }
}

fn strings(list: Option<&Value>) -> Vec<String> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn rational(map: &Map<String, Value>, keyword: &str) -> Option<Rational> {
    map.get(keyword).and_then(Value::as_number).and_then(number::exact)
}

/// A count. A number written as `3.0` is one too; one beyond `u64` is as good as its end.
fn count(map: &Map<String, Value>, keyword: &str) -> Option<u64> {
    let number = map.get(keyword)?.as_number()?;
    number.as_u64().or_else(|| number::exact(number).map(|exact| number::saturated(&exact)))
}
