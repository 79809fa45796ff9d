//! Formats, as the validator asserts them.

use std::{collections::HashMap, rc::Rc, sync::LazyLock};

use jsonschema::Validator;
use serde_json::json;

use super::{language::Machine, parse::Dialect, validator};

/// A format that the validator knows. The number is its place in [`TABLE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Format(usize);

/// How a regular expression relates to a format.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expression {
    /// It matches what the format admits, and nothing else.
    Exact(&'static str),
    /// It matches what the format admits, and more.
    Wider(&'static str),
    Unknown,
}

struct Row {
    name: &'static str,
    expression: Expression,
    samples: &'static [&'static str],
    /// What may stand between head and tail to make a sample longer: head, filler, tail.
    stretch: Option<(&'static str, &'static str, &'static str)>,
    /// Formats that admit all that this one does.
    implies: &'static [&'static str],
}

use Expression::{Exact, Unknown, Wider};

const TABLE: [Row; 17] = [
    Row {
        name: "date",
        expression: Exact(concat!(
            "^([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|",
            "02-(0[1-9]|1[0-9]|2[0-8]))|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)$"
        )),
        samples: &["2026-01-31", "1999-12-31", "2024-02-29"],
        stretch: None,
        implies: &[],
    },
    Row {
        name: "time",
        expression: Wider(r"^([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$"),
        samples: &["12:30:00Z", "00:00:00.5+02:00"],
        stretch: Some(("12:30:00.", "0", "Z")),
        implies: &[],
    },
    Row {
        name: "date-time",
        expression: Wider(
            r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$",
        ),
        samples: &["2026-01-31T12:30:00Z", "2026-01-31T12:30:00.5+02:00", "2026-01-31t12:30:00z"],
        stretch: Some(("2026-01-31T12:30:00.", "0", "Z")),
        implies: &[],
    },
    Row {
        name: "duration",
        expression: Wider("^P[0-9YMWDTHS]+$"),
        samples: &["P1D", "PT15M", "P1W"],
        stretch: Some(("P", "1", "D")),
        implies: &[],
    },
    Row {
        name: "email",
        expression: Wider(r"^[\s\S]+@[\s\S]+$"),
        samples: &["a@example.com", "ab@b.example.com", "a@b"],
        stretch: Some(("a@", "b.", "example.com")),
        implies: &[],
    },
    Row {
        name: "hostname",
        expression: Wider("^[A-Za-z0-9.-]{1,253}$"),
        samples: &["example.com", "a"],
        stretch: Some(("a.", "b.", "example.com")),
        implies: &[],
    },
    Row {
        name: "ipv4",
        expression: Exact(
            r"^(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(\.(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])){3}$",
        ),
        samples: &["127.0.0.1"],
        stretch: None,
        implies: &[],
    },
    Row {
        name: "ipv6",
        expression: Wider("^[0-9A-Fa-f:.]{2,45}$"),
        samples: &["::1", "fe80::1", "2001:db8:0:0:0:0:0:1"],
        stretch: None,
        implies: &[],
    },
    Row {
        name: "uuid",
        expression: Exact("^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"),
        samples: &["0190a6b2-7c4e-7a10-8a53-3f6f1c2d4e5f"],
        stretch: None,
        implies: &[],
    },
    Row {
        name: "uri",
        expression: Wider(r"^[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]*$"),
        samples: &["https://example.com/a", "urn:a"],
        stretch: Some(("https://example.com/", "a", "")),
        implies: &["uri-reference", "iri", "iri-reference"],
    },
    Row {
        name: "uri-reference",
        expression: Wider(r"^[\x21-\x7e]*$"),
        samples: &["/a", "https://example.com/a", ""],
        stretch: Some(("/", "a", "")),
        implies: &["iri-reference"],
    },
    Row {
        name: "iri",
        expression: Wider(r"^[A-Za-z][A-Za-z0-9+.-]*:[\s\S]*$"),
        samples: &["https://example.com/a", "https://example.com/ä"],
        stretch: Some(("https://example.com/", "a", "")),
        implies: &["iri-reference"],
    },
    Row {
        name: "iri-reference",
        expression: Unknown,
        samples: &["/a", "/ä", ""],
        stretch: Some(("/", "a", "")),
        implies: &[],
    },
    Row {
        name: "uri-template",
        expression: Unknown,
        samples: &["/a", "/{a}", ""],
        stretch: Some(("/", "a", "")),
        implies: &[],
    },
    Row {
        name: "json-pointer",
        expression: Exact("^(/([^/~]|~[01])*)*$"),
        samples: &["/a", "", "/a/0"],
        stretch: Some(("/", "a", "")),
        implies: &[],
    },
    Row {
        name: "relative-json-pointer",
        expression: Wider(r"^[0-9]+(#|/[\s\S]*)?$"),
        samples: &["0", "1/a", "0#"],
        stretch: Some(("0/", "a", "")),
        implies: &[],
    },
    Row { name: "regex", expression: Unknown, samples: &["a", "^a$", ""], stretch: Some(("", "a", "")), implies: &[] },
];

/// Expressions that match only values of a format that has no exact expression.
const NARROWER: [(&str, &str); 6] = [
    ("time", "^([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"),
    (
        "date-time",
        concat!(
            "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T",
            "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
        ),
    ),
    ("email", "^[A-Za-z0-9_]{1,64}@([a-z0-9]{1,20}\\.){1,3}[a-z]{2,20}$"),
    ("hostname", "^([a-z0-9]{1,20}\\.){0,4}[a-z]{1,20}$"),
    ("uri", "^https?://([a-z0-9]{1,20}\\.){0,4}[a-z]{2,20}(/[A-Za-z0-9._-]*)*$"),
    ("uri-reference", "^(/[A-Za-z0-9._-]+)*$"),
];

/// Texts that some format refuses.
pub(super) const STRANGE: [&str; 10] = ["", " ", "(", "{", "\\", "a b", "é", "%", "{a", "<"];

thread_local! {
    static CHECKS: std::cell::RefCell<HashMap<usize, Rc<Validator>>> = std::cell::RefCell::default();
    static MACHINES: std::cell::RefCell<HashMap<&'static str, Option<Rc<Machine>>>> = std::cell::RefCell::default();
}

static PLACES: LazyLock<HashMap<&str, usize>> =
    LazyLock::new(|| TABLE.iter().enumerate().map(|(place, row)| (row.name, place)).collect());

impl Format {
    /// The format of this name. Others are annotations, to the validator too.
    pub(super) fn named(name: &str) -> Option<Self> {
        PLACES.get(name).copied().map(Self)
    }

    pub(super) fn name(self) -> &'static str {
        TABLE[self.0].name
    }

    pub(super) fn admits(self, text: &str) -> Option<bool> {
        let check = CHECKS.with_borrow_mut(|checks| {
            if let Some(check) = checks.get(&self.0) {
                return Some(Rc::clone(check));
            }
            let check = Rc::new(validator(&json!({ "format": self.name() }), Dialect::Current).ok()?);
            checks.insert(self.0, Rc::clone(&check));
            Some(check)
        })?;
        Some(check.is_valid(&text.into()))
    }

    /// Whether each string of this format is one of `other`.
    pub(super) fn implies(self, other: Self) -> bool {
        self == other || TABLE[self.0].implies.contains(&other.name())
    }

    /// An automaton of strings among which all of this format are.
    pub(super) fn wider(self) -> Option<Rc<Machine>> {
        match TABLE[self.0].expression {
            Exact(expression) | Wider(expression) => Self::machine(expression),
            Unknown => None,
        }
    }

    /// An automaton of strings that are all of this format.
    pub(super) fn narrower(self) -> Option<Rc<Machine>> {
        match TABLE[self.0].expression {
            Exact(expression) => Self::machine(expression),
            Wider(_) | Unknown => {
                let known = NARROWER.iter().find(|(name, _)| *name == self.name());
                known.and_then(|(_, expression)| Self::machine(expression))
            }
        }
    }

    fn machine(expression: &'static str) -> Option<Rc<Machine>> {
        MACHINES.with_borrow_mut(|machines| {
            let built = || Machine::new(expression).map(Rc::new);
            machines.entry(expression).or_insert_with(built).clone()
        })
    }

    /// Some strings of this format, those with `length` characters or a little more among them.
    pub(super) fn samples(self, length: u64) -> Vec<String> {
        let row = &TABLE[self.0];
        let mut samples: Vec<String> = row.samples.iter().map(|&sample| sample.to_owned()).collect();
        let Some((head, filler, tail)) = row.stretch else { return samples };
        for goal in [length, length + 1] {
            let missing = usize::try_from(goal.min(100_000)).unwrap_or(0).saturating_sub(head.len() + tail.len());
            samples.push(format!("{head}{}{tail}", filler.repeat(missing.div_ceil(filler.len()))));
            samples.push(format!("{head}a{}{tail}", filler.repeat(missing.saturating_sub(1).div_ceil(filler.len()))));
        }
        samples
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compat::{Schema, generate::Instances, language::Pattern};

    fn format(name: &str) -> Format {
        Format::named(name).unwrap()
    }

    #[test]
    fn the_expression_of_dates_is_exact() {
        let Exact(expression) = TABLE[format("date").0].expression else { unreachable!() };
        let pattern = Pattern::new(expression);
        for year in [0, 4, 1900, 2000, 2023, 2024, 2100, 2400, 9996] {
            for (month, day) in (0..=13).flat_map(|month| (0..=32).map(move |day| (month, day))) {
                let date = format!("{year:04}-{month:02}-{day:02}");
                assert_eq!(Some(pattern.matches(&date)), format("date").admits(&date), "{date}");
            }
        }
    }

    #[test]
    fn a_text_that_a_narrower_expression_matches_has_the_format() {
        for (name, expression) in NARROWER {
            let schema = Schema::parse(json!({"type": "string", "pattern": expression})).unwrap();
            for text in Instances::new(&schema, 7).take(150) {
                assert_eq!(format(name).admits(text.as_str().unwrap()), Some(true), "{name}: {text}");
            }
        }
    }
}
