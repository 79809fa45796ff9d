//! What a new subscriber changes in the files of its service.

use super::files::{FUNCTION, PARAGRAPH};
use super::names::Names;
use crate::rust_text::{before_line, with_import, with_module};

/// Changes a text; none when it lacks the place.
type Edit = fn(&str, &Names) -> Option<String>;

/// The files below the service's folder, and what is done to each. A file without the place is an error that names it.
pub(super) const EDITS: [(&str, &str, Edit); 10] = [
    ("src/main.rs", "a line `other => Err(…)` after the jobs", main),
    ("src/subscribe.rs", "modules", |text, names| Some(with_module(text, &public_module(names)))),
    ("src/subscribe/consumed_events.rs", "a list `vec![`", consumed_events),
    ("src/app.rs", "modules", |text, names| Some(with_module(text, &public_module(names)))),
    ("src/store.rs", "modules", |text, names| Some(with_module(text, &public_module(names)))),
    ("template.yaml", "a function `Publish`", template),
    ("README.md", "a section `## Events` before another one", readme),
    ("tests/it/permissions.rs", "a `match` of the job in `exercise`", permissions),
    ("tests/it/main.rs", "modules", |text, names| Some(with_module(text, &module(names)))),
    ("tests/it/e2e.rs", "modules", |text, names| Some(with_module(text, &module(names)))),
];

fn module(names: &Names) -> String {
    format!("mod {};", names.module)
}

fn public_module(names: &Names) -> String {
    format!("pub(crate) {}", module(names))
}

fn main(text: &str, names: &Names) -> Option<String> {
    let line = "        \"__job__\" => subscribe_to::<__Event__V1>().run(__job_module__().await?, \
                subscribe::__job_module__::__job_module__).await,\n";
    let constructor = "
async fn __job_module__() -> Result<__Job__, Error> {
    let table = table_name()?;
    Ok(__Job__ { store: Store::new(&aws::load().await, table) })
}
";
    let mut text = before_line(text, "other => Err(", &names.fill(line))? + &names.fill(constructor);
    for (path, name) in [
        ("events::__publisher_module__", "__Event__V1"),
        ("lambda_kit::settings", "table_name"),
        ("lambda_kit::subscriber", "subscribe_to"),
        ("crate::app::__job_module__", "__Job__"),
        ("crate::store", "Store"),
    ] {
        text = with_import(&text, &names.fill(path), &names.fill(name));
    }
    Some(text)
}

fn consumed_events(text: &str, names: &Names) -> Option<String> {
    let row = "        on::<__Event__V1>().read_by(SERVICE, \"__job__\", __job_module__::__job_module__),\n";
    let (before, after) = text.split_once("vec![\n")?;
    let text = format!("{before}vec![\n{}{after}", names.fill(row));
    let text = with_import(&text, "events::documents", "on");
    let text = with_import(&text, &names.fill("events::__publisher_module__"), &names.fill("__Event__V1"));
    Some(with_import(&text, "crate::subscribe", &names.module))
}

fn template(text: &str, names: &Names) -> Option<String> {
    before_line(text, "Publish:\n", &names.fill(FUNCTION))
}

fn readme(text: &str, names: &Names) -> Option<String> {
    let start = text.find("\n## Events\n")? + 1;
    let end = start + text[start..].find("\n## ")? + 1;
    Some(format!("{}{}{}", &text[..end], names.fill(PARAGRAPH), &text[end..]))
}

fn permissions(text: &str, names: &Names) -> Option<String> {
    const ARM: &str = "\n            ";
    let case = "            \"__job__\" => {
                let event = TestEvent::from_example(\"__publisher__\", \"__Event__\", Uuid::new_v4());
                self.invoke(function, &event.as_delivered()).await
            }
";
    let start = text.find("match function.job.as_str() {\n")?;
    let end = start + text[start..].find("\n        }\n")?;
    // The last arm takes every other job.
    let arms = text[start..end].match_indices(ARM).map(|(at, _)| start + at + 1);
    let last = arms.filter(|at| !text[at + ARM.len() - 1..].starts_with([' ', '}', '/', '|'])).last()?;
    let text = format!("{}{}{}", &text[..last], names.fill(case), &text[last..]);
    Some(with_import(&with_import(&text, "tests::bus", "TestEvent"), "uuid", "Uuid"))
}
