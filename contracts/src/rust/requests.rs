//! The requests that end-to-end tests make: calls of `get`, `post`, `patch`, `put` and `delete` with the path written in
//! the call.

use std::collections::BTreeMap;

use syn::visit::{self, Visit};
use syn::{Expr, ExprMethodCall, File, ItemConst, Macro};

use super::{arguments, names, text};
use crate::topology::METHODS;

/// A request of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// The method in upper case.
    pub(crate) method: String,
    /// The segments of the path; `{}` stands for a value that the test fills in.
    segments: Vec<String>,
}

impl Request {
    /// Whether it can be a request of a route, by its path. A value at the beginning, as in `{item}/complete`, stands for
    /// one segment or more, and the rest must then have the words of the route.
    pub(crate) fn fits(&self, route: &str) -> bool {
        let route: Vec<&str> = route.split('/').collect();
        let is_parameter = |segment: &str| segment.starts_with('{');
        match self.segments.split_first() {
            Some((first, rest)) if first == VALUE => {
                let fits = |own: &str, of_route: &str| (own == VALUE && is_parameter(of_route)) || own == of_route;
                let end = route.len().checked_sub(rest.len()).filter(|start| *start > 0).map(|start| &route[start..]);
                let has_word = rest.iter().any(|segment| segment != VALUE);
                has_word && end.is_some_and(|end| rest.iter().zip(end).all(|(own, of_route)| fits(own, of_route)))
            }
            _ => {
                let fits = |own: &str, of_route: &str| own == of_route || (is_parameter(of_route) && !own.is_empty());
                let is_as_long = self.segments.len() == route.len();
                is_as_long && self.segments.iter().zip(&route).all(|(own, of_route)| fits(own, of_route))
            }
        }
    }
}

/// Stands for a value in a path.
const VALUE: &str = "{}";

/// All requests in a file.
pub(crate) fn requests(file: &File) -> Vec<Request> {
    let mut constants = Constants(BTreeMap::new());
    constants.visit_file(file);
    let mut found = Requests { constants: constants.0, found: Vec::new() };
    found.visit_file(file);
    found.found
}

/// The constants of a file that are texts.
struct Constants(BTreeMap<String, String>);

impl<'a> Visit<'a> for Constants {
    fn visit_item_const(&mut self, constant: &'a ItemConst) {
        self.0.extend(text(&constant.expr).map(|text| (constant.ident.to_string(), text)));
    }
}

struct Requests {
    constants: BTreeMap<String, String>,
    found: Vec<Request>,
}

impl<'a> Visit<'a> for Requests {
    fn visit_expr_method_call(&mut self, call: &'a ExprMethodCall) {
        let method = call.method.to_string();
        if METHODS.contains(&&*method)
            && let Some(path) = call.args.first().and_then(|path| self.path(path))
        {
            let path = path.split('?').next().unwrap_or_default();
            let segments = path.split('/').map(str::to_owned).collect();
            self.found.push(Request { method: method.to_ascii_uppercase(), segments });
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_macro(&mut self, found: &'a Macro) {
        for argument in arguments(found) {
            self.visit_expr(&argument);
        }
    }
}

impl Requests {
    /// The path that an argument writes out, with `{}` for each value in it.
    fn path(&self, argument: &Expr) -> Option<String> {
        match argument {
            Expr::Reference(reference) => self.path(&reference.expr),
            Expr::Macro(found) if found.mac.path.is_ident("format") => {
                Some(self.filled(&text(arguments(&found.mac).first()?)?))
            }
            Expr::Path(_) => self.constants.get(names(argument)?.last()?).cloned(),
            other => text(other),
        }
    }

    /// The text of `format!` with the values of constants, and `{}` for any other.
    fn filled(&self, format: &str) -> String {
        let mut filled = String::new();
        for part in format.split('}') {
            let (before, value) = part.split_once('{').map_or((part, None), |(before, value)| (before, Some(value)));
            filled.push_str(before);
            if let Some(value) = value {
                filled.push_str(self.constants.get(value).map_or(VALUE, String::as_str));
            }
        }
        filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requests_in(source: &str) -> Vec<Request> {
        requests(&syn::parse_file(source).unwrap())
    }

    fn tests(call: &str, method: &str, route: &str) -> bool {
        let source = format!("const ITEMS: &str = \"/items\"; fn f() {{ {call}; }}");
        requests_in(&source).iter().any(|request| request.method == method && request.fits(route))
    }

    #[test]
    fn a_call_with_a_written_path_is_a_request_of_its_route() {
        assert!(tests("api.get(\"/items?limit=1\")", "GET", "/items"));
        assert!(tests("api.post(ITEMS).json(&body)", "POST", "/items"));
        assert!(tests("api.get(&format!(\"{ITEMS}/{}\", id))", "GET", "/items/{id}"));
        assert!(tests("assert_eq!(api.get(\"/items\").await, [])", "GET", "/items"));
        assert!(tests("api.post(&format!(\"{item}/complete\"))", "POST", "/items/{id}/complete"));
        assert!(tests("api.get(\"/items/none\")", "GET", "/items/{id}"));
        assert!(tests("api.get(&format!(\"{item}/files/{id}\"))", "GET", "/items/{id}/files/{file}"));
    }

    #[test]
    fn a_comment_another_method_and_a_path_of_values_alone_are_none() {
        assert!(!tests("/* api.get(\"/items\") */", "GET", "/items"));
        assert!(!tests("let text = \"api.get(\\\"/items\\\")\"", "GET", "/items"));
        assert!(!tests("api.get(\"/items\")", "POST", "/items"));
        assert!(!tests("api.get(\"/items\")", "GET", "/items/{id}"));
        assert!(!tests("api.get(&format!(\"{path}/{id}\"))", "GET", "/items/{id}"));
        assert!(!tests("api.get(&format!(\"{item}/files\"))", "GET", "/items/{id}/files/{file}"));
        assert!(!tests("api.get(&path)", "GET", "/items"));
    }
}
