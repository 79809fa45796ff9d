//! Bounds of a value that its publisher promises and that no reader checks, for the schemas.
//!
//! `#[schemars(with = "Text<1, 200>")]` on a `String` declares them for a field. The schema of what is written contains
//! the bounds; the schema of what is read contains the type alone, because reading takes any text. A type that checks
//! more when it is read, such as [`crate::trace::TraceParent`], has the same schema in both.

use std::borrow::Cow;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// The largest integer that every reader of JSON takes exactly: 2^53 - 1.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc8259#section-6>
pub const MAX_COUNT: u64 = 9_007_199_254_740_991;

/// A text of `MIN` to `MAX` characters.
#[derive(Debug)]
pub struct Text<const MIN: u32, const MAX: u32>;

impl<const MIN: u32, const MAX: u32> JsonSchema for Text<MIN, MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Text_{MIN}_to_{MAX}").into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        if promised(generator) {
            json_schema!({"type": "string", "minLength": MIN, "maxLength": MAX})
        } else {
            json_schema!({"type": "string"})
        }
    }
}

/// An e-mail address of 3 to 254 characters.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1.3>
#[derive(Debug)]
pub struct Address;

impl JsonSchema for Address {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Address".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        if promised(generator) {
            json_schema!({"type": "string", "format": "email", "minLength": 3, "maxLength": 254})
        } else {
            json_schema!({"type": "string"})
        }
    }
}

/// `MIN` to `MAX` values, no two alike.
#[derive(Debug)]
pub struct Distinct<T, const MIN: u32, const MAX: u32>(PhantomData<T>);

impl<T: JsonSchema, const MIN: u32, const MAX: u32> JsonSchema for Distinct<T, MIN, MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Distinct_{}_{MIN}_to_{MAX}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = json_schema!({"type": "array", "items": generator.subschema_for::<T>()});
        if promised(generator) {
            if MIN > 0 {
                schema.insert("minItems".to_owned(), MIN.into());
            }
            schema.insert("maxItems".to_owned(), MAX.into());
            schema.insert("uniqueItems".to_owned(), true.into());
        }
        schema
    }
}

/// A closed list of names.
pub trait Names {
    /// Every name of the list, in the order of the schema's `enum`.
    const ALL: &'static [&'static str];
}

/// One of a few names.
#[derive(Debug)]
pub struct OneOf<N>(PhantomData<N>);

impl<N: Names> JsonSchema for OneOf<N> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("One_of_{}", N::ALL.join("_")).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        if promised(generator) {
            json_schema!({"type": "string", "enum": N::ALL})
        } else {
            json_schema!({"type": "string"})
        }
    }
}

/// A number from 1, at most [`MAX_COUNT`]; what is read is any `u64`.
#[derive(Debug)]
pub struct Count;

impl JsonSchema for Count {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Count".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        if promised(generator) {
            json_schema!({"type": "integer", "minimum": 1, "maximum": MAX_COUNT})
        } else {
            json_schema!({"type": "integer", "minimum": 0, "maximum": u64::MAX})
        }
    }
}

fn promised(generator: &SchemaGenerator) -> bool {
    generator.contract().is_serialize()
}
