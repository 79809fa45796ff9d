//! A diagram of publishers, events and readers in Mermaid.

use std::collections::BTreeSet;

use super::contents::{Contents, Read};

/// Publishers are on the left, their events in the middle, readers on the right with the jobs that read.
pub(super) fn mermaid(contents: &Contents) -> String {
    let mut lines = vec!["```mermaid".to_owned(), "flowchart LR".to_owned()];
    for event in &contents.published {
        let (node, name) = (event.schema().replace('/', "_"), event.detail_type());
        lines.push(format!("  {0}_publishes([{0}]) --> {node}[{name}]", event.service));
        let readers: Vec<&Read> = contents.readers_of(event).collect();
        let services: BTreeSet<&str> = readers.iter().map(|read| read.service.as_str()).collect();
        for service in services {
            let own = readers.iter().filter(|read| read.service == service);
            let jobs: Vec<&str> = own.map(|read| read.job.as_str()).collect();
            lines.push(format!("  {node} -->|{}| {service}_reads([{service}])", jobs.join("<br>")));
        }
    }
    lines.push("```\n".to_owned());
    lines.join("\n")
}
