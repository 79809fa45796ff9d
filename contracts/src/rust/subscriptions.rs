//! Which events the jobs of a service read: what `main.rs` runs, and what the list of consumed events has.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use syn::visit::{self, Visit};
use syn::{Expr, ExprCall, ExprMatch, ExprMethodCall, ExprPath, File, Item, ItemFn, Macro, ReturnType};

use super::{arguments, called, first_of, first_type, names, text, texts_of};

/// One event that one job reads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Subscription {
    /// The `Handler` of the job's function.
    pub(crate) job: String,
    /// The name of the event's type, such as `TodoCreatedV1`.
    pub(crate) event: String,
    /// Whether it reads the event of whichever participant publishes it.
    pub(crate) is_of_participants: bool,
    /// The path of the function that takes the event, or that converts its data.
    function: Vec<String>,
}

impl Subscription {
    /// Whether both read the same event with the same function. A path may have more modules in one file than in another;
    /// without a path, the function is not known.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let same_event =
            (&self.job, &self.event, self.is_of_participants) == (&other.job, &other.event, other.is_of_participants);
        let (own, other) = (&self.function, &other.function);
        same_event && !own.is_empty() && !other.is_empty() && (own.ends_with(other) || other.ends_with(own))
    }
}

impl fmt::Display for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let publisher = if self.is_of_participants { " of any participant" } else { "" };
        write!(f, "{}{publisher} with {}", self.event, self.function.join("::"))
    }
}

/// The rows of the list of consumed events: `on::<Event>().read_by(SERVICE, "job", function)`.
pub(crate) fn listed(file: &File) -> Vec<Subscription> {
    let mut rows = Rows(Vec::new());
    rows.visit_file(file);
    rows.0
}

struct Rows(Vec<Subscription>);

impl<'a> Visit<'a> for Rows {
    fn visit_expr_method_call(&mut self, call: &'a ExprMethodCall) {
        self.0.extend(row(call));
        visit::visit_expr_method_call(self, call);
    }

    fn visit_macro(&mut self, found: &'a Macro) {
        for argument in arguments(found) {
            self.visit_expr(&argument);
        }
    }
}

fn row(call: &ExprMethodCall) -> Option<Subscription> {
    if call.method != "read_by" && call.method != "converted_by" {
        return None;
    }
    let Expr::Call(on) = &*call.receiver else { return None };
    let on = called(&on.func)?;
    Some(Subscription {
        job: text(call.args.get(1)?)?,
        event: first_type(&on.arguments)?,
        is_of_participants: on.ident == "on_participants",
        function: names(call.args.get(2)?)?,
    })
}

/// What `main.rs` runs: each arm of the `match` on the handler's name, with the functions of the file that it calls.
pub(crate) fn wired(file: &File) -> Vec<Subscription> {
    let functions = file.items.iter().filter_map(|item| match item {
        Item::Fn(function) => Some((function.sig.ident.to_string(), function)),
        _ => None,
    });
    let mut arms = Arms { functions: functions.collect(), found: Vec::new() };
    arms.visit_file(file);
    arms.found
}

/// The jobs of the program: the texts of the arms of the `match` on the handler's name.
pub(crate) fn jobs(file: &File) -> BTreeSet<String> {
    let mut found = Jobs(BTreeSet::new());
    found.visit_file(file);
    found.0
}

struct Jobs(BTreeSet<String>);

impl<'a> Visit<'a> for Jobs {
    fn visit_expr_match(&mut self, found: &'a ExprMatch) {
        if is_on_handler(found) {
            self.0.extend(found.arms.iter().flat_map(|arm| texts_of(&arm.pat)));
        }
        visit::visit_expr_match(self, found);
    }
}

fn is_on_handler(found: &ExprMatch) -> bool {
    let mut handler = Mentions { name: "handler_name", is_there: false };
    handler.visit_expr(&found.expr);
    handler.is_there
}

struct Arms<'a> {
    functions: BTreeMap<String, &'a ItemFn>,
    found: Vec<Subscription>,
}

impl<'a> Visit<'a> for Arms<'a> {
    fn visit_expr_match(&mut self, found: &'a ExprMatch) {
        if !is_on_handler(found) {
            return visit::visit_expr_match(self, found);
        }
        for arm in &found.arms {
            let mut body = Body { functions: &self.functions, events: Vec::new(), run: None };
            body.visit_expr(&arm.body);
            for job in texts_of(&arm.pat) {
                self.found.extend(body.subscriptions(&job));
            }
        }
    }
}

/// Whether a name is in an expression.
struct Mentions {
    name: &'static str,
    is_there: bool,
}

impl<'a> Visit<'a> for Mentions {
    fn visit_expr_path(&mut self, path: &'a ExprPath) {
        self.is_there |= path.path.segments.last().is_some_and(|segment| segment.ident == self.name);
    }
}

/// The events that an arm subscribes to, and the function that it runs for all of them.
struct Body<'a> {
    functions: &'a BTreeMap<String, &'a ItemFn>,
    /// The type of each event, whether participants publish it, and the function that converts it.
    events: Vec<(String, bool, Option<Vec<String>>)>,
    run: Option<Vec<String>>,
}

impl Body<'_> {
    fn subscriptions(&self, job: &str) -> Vec<Subscription> {
        let subscription = |(event, is_of_participants, convert): &(String, bool, Option<Vec<String>>)| {
            let function = convert.clone().or_else(|| self.run.clone()).unwrap_or_default();
            let (job, event) = (job.to_owned(), event.clone());
            Subscription { job, event, is_of_participants: *is_of_participants, function }
        };
        self.events.iter().map(subscription).collect()
    }

    fn add(&mut self, event: Option<String>, is_of_participants: bool, convert: Option<Vec<String>>) {
        self.events.extend(event.map(|event| (event, is_of_participants, convert)));
    }
}

impl<'a> Visit<'a> for Body<'_> {
    fn visit_expr_method_call(&mut self, call: &'a ExprMethodCall) {
        visit::visit_expr_method_call(self, call);
        let event = call.turbofish.as_ref().and_then(first_of);
        match call.method.to_string().as_str() {
            "event" => self.add(event, false, None),
            "event_as" => self.add(event, false, call.args.first().and_then(names)),
            "participant_event" => self.add(event, true, None),
            "run" => self.run = call.args.get(1).and_then(names),
            _ => {}
        }
    }

    fn visit_expr_call(&mut self, call: &'a ExprCall) {
        let Some(segment) = called(&call.func) else { return visit::visit_expr_call(self, call) };
        if segment.ident == "subscribe_to" {
            self.add(first_type(&segment.arguments), false, None);
        }
        let own = names(&call.func).filter(|names| names.len() == 1);
        let function = own.and_then(|names| self.functions.get(&names[0]).copied());
        if let Some(function) = function.filter(|function| is_subscriptions(&function.sig.output)) {
            let mut inner = Body { functions: self.functions, events: Vec::new(), run: None };
            inner.visit_block(&function.block);
            self.events.extend(inner.events);
        }
        visit::visit_expr_call(self, call);
    }
}

/// Whether a function returns `Subscription<…>` or `Subscriptions<…>`.
fn is_subscriptions(output: &ReturnType) -> bool {
    let ReturnType::Type(_, output) = output else { return false };
    let syn::Type::Path(path) = &**output else { return false };
    path.path.segments.last().is_some_and(|segment| segment.ident == "Subscription" || segment.ident == "Subscriptions")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIN: &str = r#"
        async fn job() -> Result<(), Error> {
            match handler_name()?.as_str() {
                "get" => serve(app().await?, api::get).await,
                "erase" => {
                    let deleted = subscribe_to::<UserDeletedV1>();
                    deleted.run(eraser().await?, subscribe::erase::erase).await
                }
                "count" => counted().run(app().await?, subscribe::count).await,
                "answered" => {
                    let answers = subscribe_to_any().participant_event::<UserDataErasedV1>();
                    answers.run(app().await?, answered).await
                }
                other => Err(UnknownHandler(other.to_owned()).into()),
            }
        }

        fn counted() -> Subscriptions<Item> {
            subscribe_to_any().event::<CreatedV1>().event_as::<DeletedV1, _>(items::deleted)
        }
    "#;

    fn texts<'a>(subscriptions: impl IntoIterator<Item = &'a Subscription>) -> Vec<String> {
        let texts = subscriptions.into_iter().map(|subscription| format!("{}: {subscription}", subscription.job));
        texts.collect()
    }

    #[test]
    fn the_arms_of_main_are_read_with_the_functions_that_they_call() {
        assert_eq!(
            texts(&wired(&syn::parse_file(MAIN).unwrap())),
            [
                "erase: UserDeletedV1 with subscribe::erase::erase",
                "count: CreatedV1 with subscribe::count",
                "count: DeletedV1 with items::deleted",
                "answered: UserDataErasedV1 of any participant with answered",
            ]
        );
    }

    #[test]
    fn a_job_is_a_text_of_an_arm_alone() {
        let main = "fn job() { match handler_name()?.as_str() { \"a\" | \"b\" => {} /* \"c\" => {} */ _ => {} } \
                    match other { \"d\" => {} _ => {} } }";
        assert_eq!(jobs(&syn::parse_file(main).unwrap()), BTreeSet::from(["a".to_owned(), "b".to_owned()]));
        let jobs = jobs(&syn::parse_file(MAIN).unwrap());
        assert!(jobs.iter().eq(["answered", "count", "erase", "get"]), "{jobs:?}");
    }

    #[test]
    fn the_rows_of_the_list_are_read_and_its_comments_are_not() {
        let list = r#"
            fn all() -> Vec<Reading> {
                vec![
                    // on::<OtherV1>().read_by(SERVICE, "other", other),
                    on::<UserDeletedV1>().read_by(SERVICE, "erase", erase::erase),
                    on::<DeletedV1>().converted_by(SERVICE, "count", items::deleted),
                    on_participants::<UserDataErasedV1>().read_by(SERVICE, "answered", answers::answered),
                ]
            }
        "#;
        let (rows, main) = (listed(&syn::parse_file(list).unwrap()), wired(&syn::parse_file(MAIN).unwrap()));
        assert_eq!(
            texts(&rows),
            [
                "erase: UserDeletedV1 with erase::erase",
                "count: DeletedV1 with items::deleted",
                "answered: UserDataErasedV1 of any participant with answers::answered",
            ]
        );
        let unlisted = main.iter().filter(|wired| !rows.iter().any(|row| row.is_same(wired)));
        assert_eq!(texts(unlisted), ["count: CreatedV1 with subscribe::count"]);
    }
}
