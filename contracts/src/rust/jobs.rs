//! The jobs for which the permission tests have a case.

use std::collections::BTreeSet;

use syn::visit::{self, Visit};
use syn::{Expr, ExprMatch, File, ImplItemFn, Member};

use super::texts_of;

/// How the names of the functions begin that let a job do its work: `exercise` and `exercise_exports`.
const EXERCISE: &str = "exercise";

/// The jobs that a function `exercise…` names in the patterns of a `match` on a function's job.
pub(crate) fn exercised(file: &File) -> BTreeSet<String> {
    let mut found = Cases::default();
    found.visit_file(file);
    found.jobs
}

#[derive(Default)]
struct Cases {
    is_exercise: bool,
    jobs: BTreeSet<String>,
}

impl<'a> Visit<'a> for Cases {
    fn visit_impl_item_fn(&mut self, function: &'a ImplItemFn) {
        self.is_exercise = function.sig.ident.to_string().starts_with(EXERCISE);
        visit::visit_impl_item_fn(self, function);
        self.is_exercise = false;
    }

    fn visit_expr_match(&mut self, found: &'a ExprMatch) {
        if self.is_exercise && is_job(&found.expr) {
            self.jobs.extend(found.arms.iter().flat_map(|arm| texts_of(&arm.pat)));
        }
        visit::visit_expr_match(self, found);
    }
}

/// Whether an expression is `….job.as_str()`.
fn is_job(expr: &Expr) -> bool {
    let Expr::MethodCall(call) = expr else { return false };
    let Expr::Field(field) = &*call.receiver else { return false };
    matches!(&field.member, Member::Named(name) if name == "job")
}
