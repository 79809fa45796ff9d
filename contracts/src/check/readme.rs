//! What the README of a service names: its routes, and the events that its jobs get.

use std::collections::BTreeSet;

use super::{Context, Finding};
use crate::topology::Service;

/// The words in backticks of one row of a table, or of one paragraph.
type Words<'a> = BTreeSet<&'a str>;

pub(super) fn routes(context: &Context<'_>) -> Vec<Finding> {
    let named = |service: &Service| {
        let routes = service.routes.iter();
        routes.map(|route| (format!("{} {}", route.method, route.path), route.job.clone())).collect()
    };
    missing(context, "## Routes", named)
}

pub(super) fn events(context: &Context<'_>) -> Vec<Finding> {
    missing(context, "## Events", |service| {
        let types = service.rules.iter().flat_map(|rule| {
            let types = rule.pattern["detail-type"].as_array().into_iter().flatten().filter_map(|name| name.as_str());
            types.map(|name| (name.to_owned(), rule.job.clone()))
        });
        types.collect()
    })
}

/// What a README must name, each with its job, and does not name together with it.
fn missing(context: &Context<'_>, section: &str, named: impl Fn(&Service) -> Vec<(String, String)>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for service in context.repository.services.values() {
        let file = format!("services/{}/README.md", service.name);
        let blocks = blocks(context.repository.tree.text(&file).unwrap_or_default());
        for (name, job) in named(service) {
            if blocks.iter().any(|words| words.contains(&*name) && words.contains(&*job)) {
                continue;
            }
            let problem = format!("no row or paragraph names `{name}` and its job `{job}`");
            let advice = format!("add both in one row of a table, or in one paragraph, of the section {section}");
            let finding = Finding::new(&format!("{}/{job}", service.name), &file, problem, advice);
            findings.push(finding.at_line(context.line(&file, section)));
        }
    }
    findings
}

/// The rows of tables and the paragraphs of a Markdown text; code blocks and comments are none.
fn blocks(text: &str) -> Vec<Words<'_>> {
    let mut blocks = vec![Words::new()];
    let mut is_code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        }
        if line.trim().is_empty() || line.starts_with('|') {
            blocks.push(Words::new());
        }
        if !is_code && !line.trim_start().starts_with("<!--") {
            let words = line.split('`').skip(1).step_by(2).map(|word| word.split('?').next().unwrap_or(word));
            blocks.last_mut().into_iter().for_each(|block| block.extend(words.clone()));
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str, name: &str, job: &str) -> bool {
        blocks(text).iter().any(|words| words.contains(name) && words.contains(job))
    }

    #[test]
    fn a_row_or_a_paragraph_names_two_words_together() {
        assert!(names("| `GET /items?limit=1` | `list` |", "GET /items", "list"));
        assert!(names("`Created.v1` invokes\nthe job `count`.", "Created.v1", "count"));
    }

    #[test]
    fn two_rows_two_paragraphs_a_comment_and_a_code_block_do_not() {
        assert!(!names("| `GET /items` |\n| `list` |", "GET /items", "list"));
        assert!(!names("`Created.v1`\n\n`count`", "Created.v1", "count"));
        assert!(!names("<!-- `Created.v1` `count` -->", "Created.v1", "count"));
        assert!(!names("```\n`Created.v1` `count`\n```", "Created.v1", "count"));
        assert!(!names("Created.v1 and count", "Created.v1", "count"));
    }
}
