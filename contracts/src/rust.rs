//! Rust source as a syntax tree: a comment, or a text that looks like code, is none.

mod built;
mod event_types;
mod jobs;
mod requests;
mod subscriptions;

use syn::punctuated::Punctuated;
use syn::{
    AngleBracketedGenericArguments, Expr, ExprLit, GenericArgument, Lit, Macro, Pat, PathArguments, PathSegment, Token,
    Type,
};

pub(crate) use self::built::{Built, built};
pub(crate) use self::event_types::{PayloadType, payload_types};
pub(crate) use self::jobs::exercised;
pub(crate) use self::requests::{Request, requests};
pub(crate) use self::subscriptions::{Subscription, jobs, listed, wired};

/// The text of an expression that is a string.
fn text(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    }
}

/// The texts that a pattern such as `"a" | "b"` matches.
fn texts_of(pattern: &Pat) -> Vec<String> {
    match pattern {
        Pat::Lit(ExprLit { lit: Lit::Str(text), .. }) => vec![text.value()],
        Pat::Or(any) => any.cases.iter().flat_map(texts_of).collect(),
        _ => Vec::new(),
    }
}

/// The names of a path: `inbox::todo_created`.
fn names(expr: &Expr) -> Option<Vec<String>> {
    let Expr::Path(path) = expr else { return None };
    Some(path.path.segments.iter().map(|segment| segment.ident.to_string()).collect())
}

/// The last segment of the path that a call names: `subscribe_to::<TodoCreatedV1>` of `lib::subscribe_to::<…>()`.
fn called(expr: &Expr) -> Option<&PathSegment> {
    let Expr::Path(path) = expr else { return None };
    path.path.segments.last()
}

/// The name of the first type in `::<TodoCreatedV1, _>`.
fn first_type(arguments: &PathArguments) -> Option<String> {
    let PathArguments::AngleBracketed(arguments) = arguments else { return None };
    first_of(arguments)
}

fn first_of(arguments: &AngleBracketedGenericArguments) -> Option<String> {
    let Some(GenericArgument::Type(Type::Path(path))) = arguments.args.first() else { return None };
    Some(path.path.segments.last()?.ident.to_string())
}

/// The arguments of a macro that takes expressions, such as `vec!` and `format!`; none for any other.
fn arguments(found: &Macro) -> Vec<Expr> {
    let parsed = found.parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated);
    parsed.map_or_else(|_| Vec::new(), |arguments| arguments.into_iter().collect())
}
