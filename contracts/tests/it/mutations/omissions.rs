//! What is forgotten when an event, a subscriber or a route is added: one step is left out of a copy, and the check for
//! it names the file, the place and what to write.

#![allow(clippy::unwrap_used, reason = "parts of tests: they fail by panicking")]

use contracts::catalog;
use contracts::check::{self, Finding};
use contracts::proofs::Proofs;
use contracts::repository::{Reader, Repository};
use contracts::topology::Route;
use contracts::versions;
use serde_json::{Value, json};

use super::Workspace;
use super::changes::{in_texts, unbuilt, without_examples};
use crate::repository::{Subject, describe, here, today};
use crate::templates::{edit, edit_events, edit_rule, rule};

/// What is added with every step but one: an event that another service reads, and a route of the publisher.
struct Addition {
    subject: Subject,
    route: Route,
}

impl Addition {
    fn find() -> Self {
        let subject = Subject::find();
        let publisher = here().services.remove(&subject.name.service).unwrap();
        let route = publisher.routes.into_iter().find(|route| route.path.contains('{')).unwrap();
        Self { subject, route }
    }

    fn reader(&self) -> &Reader {
        &self.subject.reader
    }

    /// A file of the service that publishes the event and has the route.
    fn own(&self, path: &str) -> String {
        format!("services/{}/{path}", self.subject.name.service)
    }

    /// A file of the service that reads the event.
    fn of_reader(&self, path: &str) -> String {
        format!("services/{}/{path}", self.reader().service)
    }

    fn list(&self) -> String {
        self.of_reader("src/subscribe/consumed_events.rs")
    }
}

/// One step that is left out, how, and the check that must report it with the file and the beginning of the place.
struct Omission {
    step: &'static str,
    leave_out: fn(&mut Workspace, &Addition),
    rule: &'static str,
    file: fn(&Addition) -> String,
    place: &'static str,
}

const OMISSIONS: [Omission; 24] = [
    Omission {
        step: "the example of a new type, of which nothing else is written yet",
        leave_out: |workspace, addition| {
            let name = &addition.subject.name;
            assert!(without_examples(workspace, name) && workspace.tree.remove(&name.schema_file()).is_some());
            in_json(workspace, versions::FILE, |versions| drop(fields(versions).remove(&name.to_string())));
            workspace.code.types.retain(|typed| typed.schema != name.to_string());
        },
        rule: "type-has-example",
        file: publisher_source,
        place: "line ",
    },
    Omission {
        step: "the example of an event",
        leave_out: |workspace, addition| assert!(without_examples(workspace, &addition.subject.name)),
        rule: "example-exists",
        file: |addition| addition.subject.name.example_file(),
        place: "",
    },
    Omission {
        step: "the schema of an event",
        leave_out: |workspace, addition| drop(workspace.tree.remove(&addition.subject.name.schema_file()).unwrap()),
        rule: "schema-matches-type",
        file: |addition| addition.subject.name.schema_file(),
        place: "",
    },
    Omission {
        step: "the version in the list of releases",
        leave_out: |workspace, addition| {
            let name = addition.subject.name.to_string();
            in_json(workspace, versions::FILE, |versions| drop(fields(versions).remove(&name)));
        },
        rule: "version-listed",
        file: |_| versions::FILE.to_owned(),
        place: "",
    },
    Omission {
        step: "the code that builds the event",
        leave_out: |workspace, addition| assert!(unbuilt(workspace, &addition.subject.name)),
        rule: "publisher-builds-event",
        file: |addition| addition.own("src"),
        place: "",
    },
    Omission {
        step: "the permission to publish",
        leave_out: |workspace, addition| {
            let publisher = &addition.subject.name.service;
            assert!(edit(&mut workspace.tree, publisher, |template| remove_function(template, "publish").is_some()));
        },
        rule: "publisher-may-publish",
        file: |addition| addition.own("template.yaml"),
        place: "/Resources",
    },
    Omission {
        step: "the generated catalogue",
        leave_out: |workspace, _| drop(workspace.tree.remove(catalog::PAGE).unwrap()),
        rule: "docs-current",
        file: |_| catalog::PAGE.to_owned(),
        place: "",
    },
    Omission {
        step: "the subscriber's line in main.rs",
        leave_out: |workspace, addition| {
            let line = format!("\"{}\" =>", addition.reader().job);
            in_text(workspace, &addition.of_reader("src/main.rs"), |text| text.replace(&line, "\"other\" =>"));
        },
        rule: "job-in-program",
        file: |addition| addition.of_reader("src/main.rs"),
        place: "line ",
    },
    Omission {
        step: "the subscriber's function in the template",
        leave_out: |workspace, addition| {
            let Reader { service, job, .. } = addition.reader();
            assert!(edit(&mut workspace.tree, service, |template| remove_function(template, job).is_some()));
        },
        rule: "job-in-program",
        file: |addition| addition.of_reader("template.yaml"),
        place: "/Resources",
    },
    Omission {
        step: "the event among those to which main.rs subscribes the job",
        leave_out: |workspace, addition| {
            let event = format!("::<{}", addition.subject.name.type_name());
            in_text(workspace, &addition.of_reader("src/main.rs"), |text| text.replace(&event, "::<OtherV1"));
        },
        rule: "job-matches-list",
        file: |addition| addition.of_reader("src/main.rs"),
        place: "line ",
    },
    Omission {
        step: "the row in the list of consumed events",
        leave_out: |workspace, addition| in_rows(workspace, addition, |_| String::new()),
        rule: "job-matches-list",
        file: Addition::list,
        place: "line ",
    },
    Omission {
        step: "the same function in main.rs and in the list",
        leave_out: |workspace, addition| in_rows(workspace, addition, |row| row.replace("),\n", "_of_another),\n")),
        rule: "job-matches-list",
        file: |addition| addition.of_reader("src/main.rs"),
        place: "line ",
    },
    Omission {
        step: "the schema of what the job reads",
        leave_out: |workspace, addition| drop(workspace.tree.remove(&addition.reader().file).unwrap()),
        rule: "reader-matches-code",
        file: |addition| addition.reader().file.clone(),
        place: "",
    },
    Omission {
        step: "the rule",
        leave_out: |workspace, addition| {
            let Reader { service, job, .. } = addition.reader();
            assert!(edit(&mut workspace.tree, service, |template| {
                let function = function(template, job).unwrap();
                function["Properties"].as_object_mut().unwrap().remove("Events").is_some()
            }));
        },
        rule: "reader-has-rule",
        file: |addition| addition.reader().file.clone(),
        place: "",
    },
    Omission {
        step: "the rule's dead-letter queue",
        leave_out: |workspace, addition| {
            let leave_out = |rule: &mut Value| drop(fields(rule).remove("DeadLetterConfig").unwrap());
            assert!(edit_rule(&mut workspace.tree, &addition.subject.name, leave_out));
        },
        rule: "rule-has-dead-letters",
        file: first_rule_file,
        place: "/Resources/",
    },
    Omission {
        step: "the function's destination of failures",
        leave_out: |workspace, addition| {
            assert!(edit(&mut workspace.tree, &addition.reader().service, |template| {
                let keeps = |resource: &&mut Value| {
                    resource["Properties"]["EventInvokeConfig"]["DestinationConfig"].is_object()
                };
                let function = fields(&mut template["Resources"]).values_mut().find(keeps).unwrap();
                fields(&mut function["Properties"]["EventInvokeConfig"]).remove("DestinationConfig").is_some()
            }));
        },
        rule: "reader-keeps-failures",
        file: |addition| addition.of_reader("template.yaml"),
        place: "/Resources/",
    },
    Omission {
        step: "the whole event: the rule filters",
        leave_out: |workspace, addition| {
            let filter = |events: &mut Value, rule: &str| {
                events[rule]["Properties"]["Pattern"]["detail"] = json!({"data": {"never": ["x"]}});
            };
            assert!(edit_events(&mut workspace.tree, &addition.subject.name, filter));
        },
        rule: "rule-gets-every-event",
        file: first_rule_file,
        place: "/Resources/",
    },
    Omission {
        step: "the event in the subscriber's README",
        leave_out: |workspace, addition| {
            let detail_type = format!("`{}`", addition.subject.name.detail_type());
            in_text(workspace, &addition.of_reader("README.md"), |text| text.replace(&detail_type, "it"));
        },
        rule: "event-in-readme",
        file: |addition| addition.of_reader("README.md"),
        place: "line ",
    },
    Omission {
        step: "the subscriber's permission case",
        leave_out: |workspace, addition| without_case(workspace, &addition.reader().service, &addition.reader().job),
        rule: "job-has-permission-case",
        file: |addition| addition.of_reader("tests/it/permissions.rs"),
        place: "line ",
    },
    Omission {
        step: "the route's permission case",
        leave_out: |workspace, addition| without_case(workspace, &addition.subject.name.service, &addition.route.job),
        rule: "job-has-permission-case",
        file: |addition| addition.own("tests/it/permissions.rs"),
        place: "line ",
    },
    Omission {
        step: "the route's operation",
        leave_out: |workspace, addition| {
            let id = format!("operationId: {}\n", addition.route.job);
            in_text(workspace, &addition.own("openapi.yaml"), |text| {
                let end = text.find(&id).unwrap();
                let start = text[..end].trim_end().rfind(&addition.route.method.to_lowercase()).unwrap();
                format!("{}x-{}", &text[..start], &text[start..])
            });
        },
        rule: "route-in-openapi",
        file: |addition| addition.own("openapi.yaml"),
        place: "/paths",
    },
    Omission {
        step: "the operation's route in the template",
        leave_out: |workspace, addition| {
            let (service, route) = (&addition.subject.name.service, &addition.route);
            assert!(edit(&mut workspace.tree, service, |template| {
                let function = function(template, &route.job).unwrap();
                function["Properties"].as_object_mut().unwrap().remove("Events").is_some()
            }));
        },
        rule: "route-in-openapi",
        file: |addition| addition.own("template.yaml"),
        place: "/Resources",
    },
    Omission {
        step: "the route in the README",
        leave_out: |workspace, addition| {
            let route = format!("`{} {}`", addition.route.method, addition.route.path);
            in_text(workspace, &addition.own("README.md"), |text| text.replace(&route, "it"));
        },
        rule: "route-in-readme",
        file: |addition| addition.own("README.md"),
        place: "line ",
    },
    Omission {
        step: "the route's end-to-end test",
        leave_out: |workspace, addition| {
            let call = format!(".{}(", addition.route.method.to_lowercase());
            let tests = [addition.own("tests/it/e2e"), "tests/journeys/".to_owned()];
            in_texts(workspace, &tests, |text| {
                format!("// {call}\"{}\")\n{}", addition.route.path, text.replace(&call, ".other("))
            });
        },
        rule: "route-has-e2e-test",
        file: |addition| addition.own("tests/it/e2e.rs"),
        place: "",
    },
];

#[test]
fn each_step_that_is_left_out_is_reported_with_file_and_place() {
    let (whole, addition, proofs) = (Workspace::here(), Addition::find(), Proofs::default());
    let outcomes = OMISSIONS.iter().map(|omission| reported(&whole, &addition, omission, &proofs));
    let missed: Vec<String> = outcomes.filter_map(Result::err).collect();
    assert!(missed.is_empty(), "{}", missed.join("\n\n"));
}

/// Prints what the check reports; an error has what others report instead.
fn reported(whole: &Workspace, addition: &Addition, omission: &Omission, proofs: &Proofs) -> Result<(), String> {
    let mut workspace = whole.clone();
    (omission.leave_out)(&mut workspace, addition);
    let checked = check::run_with(&Repository::new(workspace.tree, Some(workspace.code)), today(), proofs);
    let found: Vec<_> = check::failures(&checked).collect();
    let reported = found.iter().find(|(rule, finding)| is_it(omission, addition, rule, finding));
    let Some((rule, finding)) = reported else {
        let others: Vec<String> = found.iter().map(|(rule, finding)| describe(rule, finding)).collect();
        return Err(format!("{}: {} missed it:\n{}", omission.step, omission.rule, others.join("\n")));
    };
    println!("{}\n    {}", omission.step, describe(rule, finding).replace('\n', "\n    "));
    Ok(())
}

fn is_it(omission: &Omission, addition: &Addition, rule: &str, finding: &Finding) -> bool {
    let place = finding.pointer.as_deref().unwrap_or_default();
    let is_told = !finding.problem.is_empty() && !finding.advice.is_empty();
    rule == omission.rule && finding.file == (omission.file)(addition) && place.starts_with(omission.place) && is_told
}

/// The file with the event's type.
fn publisher_source(addition: &Addition) -> String {
    let definition = format!("struct {} ", addition.subject.name.type_name());
    let tree = crate::repository::tree();
    let mut sources = tree.below("events/src/publishers");
    sources.find(|(_, text)| text.contains(&definition)).unwrap().0.to_owned()
}

/// The template with the first rule for the event.
fn first_rule_file(addition: &Addition) -> String {
    Repository::template_file(&rule(&crate::repository::tree(), &addition.subject.name).unwrap().service)
}

fn fields(object: &mut Value) -> &mut serde_json::Map<String, Value> {
    object.as_object_mut().unwrap()
}

fn in_text(workspace: &mut Workspace, path: &str, change: impl Fn(&str) -> String) {
    assert!(super::changes::in_text(workspace, path, change), "{path} has nothing to leave out");
}

fn in_json(workspace: &mut Workspace, path: &str, change: impl Fn(&mut Value)) {
    in_text(workspace, path, |text| {
        let mut value: Value = serde_json::from_str(text).unwrap();
        change(&mut value);
        format!("{value:#}\n")
    });
}

/// Changes the row of the list of consumed events for the event and its reader.
fn in_rows(workspace: &mut Workspace, addition: &Addition, change: impl Fn(&str) -> String) {
    let event = format!("::<{}>", addition.subject.name.type_name());
    let job = format!("\"{}\"", addition.reader().job);
    in_text(workspace, &addition.list(), |text| {
        let lines = text.split_inclusive('\n');
        let row =
            |line: &str| if line.contains(&event) && line.contains(&job) { change(line) } else { line.to_owned() };
        lines.map(row).collect()
    });
}

/// Leaves a comment in the place of a job's name in the permission tests.
fn without_case(workspace: &mut Workspace, service: &str, job: &str) {
    let tests = format!("services/{service}/tests/it/permissions");
    in_texts(workspace, &[tests], |text| text.replace(&format!("\"{job}\""), &format!("/* {job} */ \"other\"")));
}

/// The function of a template with this job.
fn function<'a>(template: &'a mut Value, job: &str) -> Option<&'a mut Value> {
    let resources = template["Resources"].as_object_mut()?;
    resources
        .values_mut()
        .find(|resource| resource["Type"] == "AWS::Serverless::Function" && resource["Properties"]["Handler"] == job)
}

fn remove_function(template: &mut Value, job: &str) -> Option<Value> {
    let resources = template["Resources"].as_object_mut()?;
    let is_it = |resource: &Value| resource["Properties"]["Handler"] == job;
    let name = resources.iter().find(|(_, resource)| is_it(resource))?.0.clone();
    resources.remove(&name)
}
