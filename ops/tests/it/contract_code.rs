//! The contract commands compare the files with the code: they ask cargo for it, and never take the files' word.

use std::collections::BTreeMap;
use std::fs;
use std::iter;
use std::process::Output;

use contracts::code::compiled_types;
use serde_json::{Map, Value, json};

use crate::walkthrough::Copy;

/// A copy of the contracts, with code that is as its files tell.
struct CodeCopy {
    copy: Copy,
    /// What the jobs of each service read, by file.
    reads: BTreeMap<String, Map<String, Value>>,
}

impl CodeCopy {
    fn new() -> Self {
        let copy = Copy::new();
        let mut reads: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
        for path in copy.files() {
            let Some((service, file)) = path.strip_prefix("services/").and_then(|path| path.split_once('/')) else {
                continue;
            };
            if file.starts_with("reads/") {
                let schema = serde_json::from_str(&copy.read(&path)).unwrap();
                reads.entry(service.to_owned()).or_default().insert(file.to_owned(), schema);
            }
        }
        let this = Self { copy, reads };
        let types: Vec<Value> = compiled_types()
            .into_iter()
            .map(|event| {
                let (schema, source, detail_type) = (event.schema, event.source, event.detail_type);
                json!({"schema": schema, "source": source, "detail_type": detail_type, "document": event.document})
            })
            .collect();
        this.answer("types", "types.json", &json!(types));
        for service in this.reads.keys() {
            this.answer_reads(service);
        }
        this.build(["types"].into_iter().chain(this.reads.keys().map(String::as_str)));
        this
    }

    fn service(&self) -> &str {
        self.reads.keys().next().unwrap()
    }

    fn answer_reads(&self, service: &str) {
        self.answer(service, &format!("{service}.reads.json"), &json!(self.reads[service]));
    }

    /// Lets a test program write `content` into the file that it is asked for.
    fn answer(&self, program: &str, file: &str, content: &Value) {
        let prepared = self.copy.programs.path().join(file);
        fs::write(&prepared, content.to_string()).unwrap();
        let script = format!("#!/bin/sh\ncp '{}' \"$BUSLINE_DERIVED_SCHEMAS/{file}\"\n", prepared.display());
        self.copy.program(&format!("test-of-{program}"), &script);
    }

    /// Lets `cargo test` build these test programs.
    fn build<'a>(&self, programs: impl Iterator<Item = &'a str>) {
        let folder = self.copy.programs.path();
        let messages: Vec<String> = programs
            .map(|name| {
                let executable = folder.join(format!("test-of-{name}"));
                let target = json!({"name": name});
                let message = json!({"reason": "compiler-artifact", "profile": {"test": true}, "target": target, "executable": executable});
                message.to_string()
            })
            .collect();
        self.copy.program("cargo", &format!("#!/bin/sh\ncat <<'END'\n{}\nEND\n", messages.join("\n")));
    }

    /// The outcome of `check`, `diff` and `can-deploy` of the service.
    fn reports(&self) -> [(&'static str, Output); 3] {
        let can_deploy = format!("can-deploy {} --deployed main", self.service());
        [("check", "check"), ("diff", "diff --base main"), ("can-deploy", &can_deploy)].map(|(name, arguments)| {
            (name, self.copy.output(&format!("'{}' contracts {arguments}", env!("CARGO_BIN_EXE_ops"))))
        })
    }

    fn assert_refused(&self, expected: &str) {
        for (name, output) in self.reports() {
            let said =
                format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert!(!output.status.success(), "{name} accepts it: {said}");
            assert!(said.contains(expected), "{name} does not contain `{expected}`: {said}");
        }
    }
}

#[test]
fn code_that_is_as_its_files_tell_is_accepted() {
    for (name, output) in CodeCopy::new().reports() {
        assert!(output.status.success(), "{name}: {}", said(&output));
    }
}

#[test]
fn code_that_reads_more_than_its_file_tells_is_refused() {
    let mut copy = CodeCopy::new();
    let service = copy.service().to_owned();
    let (file, schema) = copy.reads.get_mut(&service).unwrap().iter_mut().next().unwrap();
    let file = file.clone();
    schema["required"].as_array_mut().unwrap().push(json!("aNewField"));
    schema["properties"]["aNewField"] = json!({"type": "string"});
    copy.answer_reads(&service);
    copy.assert_refused(&file);
}

#[test]
fn code_that_cannot_be_built_is_refused() {
    let copy = CodeCopy::new();
    copy.copy.program("cargo", "#!/bin/sh\necho 'error: this does not compile' >&2\nexit 101\n");
    copy.assert_refused("what the code publishes and reads is not known");
}

#[test]
fn a_program_that_does_not_tell_what_it_reads_is_refused() {
    let copy = CodeCopy::new();
    copy.build(iter::once("types"));
    copy.assert_refused("cargo built no such test program");
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
