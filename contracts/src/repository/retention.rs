//! How long the archive keeps events, from the template of the bus and the files of the environments.

use std::fmt;

use serde_json::Value;

use super::BUS;
use super::tree::Tree;
use crate::template::{self, entries, number};

/// How long the archive keeps events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Archive {
    /// There is no archive.
    None,
    /// For this number of days.
    Days(u32),
    /// Forever: `RetentionDays` is 0 or missing.
    ///
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-archive.html>
    Forever,
}

impl fmt::Display for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("not at all"),
            Self::Days(days) => write!(f, "for {days} days"),
            Self::Forever => f.write_str("forever"),
        }
    }
}

/// The longest time in any environment.
pub(super) fn archive(tree: &Tree) -> Archive {
    let Ok(bus) = tree.template(BUS) else { return Archive::None };
    let archives = entries(&bus["Resources"]).filter(|(_, resource)| resource["Type"] == "AWS::Events::Archive");
    archives.map(|(_, archive)| kept(&archive["Properties"]["RetentionDays"], &bus, tree)).fold(Archive::None, longest)
}

fn kept(days: &Value, bus: &Value, tree: &Tree) -> Archive {
    match days["Ref"].as_str() {
        None => from_days(days),
        Some(parameter) => {
            let default = from_days(&bus["Parameters"][parameter]["Default"]);
            values_in_environments(parameter, tree).fold(default, longest)
        }
    }
}

/// The values of a parameter of the bus in the files of the environments.
fn values_in_environments(parameter: &str, tree: &Tree) -> impl Iterator<Item = Archive> {
    let files = tree.below("infra/environments").filter_map(|(_, text)| template::parse(text).ok());
    files.filter_map(move |file| file["bus"].get(parameter).map(from_days))
}

fn from_days(value: &Value) -> Archive {
    match number(value).map(u32::try_from) {
        Some(Ok(days)) if days > 0 => Archive::Days(days),
        _ => Archive::Forever,
    }
}

fn longest(left: Archive, right: Archive) -> Archive {
    match (left, right) {
        (Archive::Forever, _) | (_, Archive::Forever) => Archive::Forever,
        (Archive::Days(left), Archive::Days(right)) => Archive::Days(left.max(right)),
        (Archive::None, other) | (other, Archive::None) => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(days: &str, environment: &str) -> Tree {
        let mut tree = Tree::default();
        let parameter = "Parameters: {Keep: {Type: Number, Default: 30}}";
        let archive = format!("Resources: {{A: {{Type: 'AWS::Events::Archive', Properties: {{{days}}}}}}}");
        tree.put(BUS, format!("{parameter}\n{archive}"));
        tree.put("infra/environments/prod.yaml", environment);
        tree
    }

    #[test]
    fn the_archive_keeps_as_long_as_the_longest_environment() {
        assert_eq!(archive(&tree("RetentionDays: 7", "")), Archive::Days(7));
        assert_eq!(archive(&tree("RetentionDays: !Ref Keep", "bus: {}")), Archive::Days(30));
        assert_eq!(archive(&tree("RetentionDays: !Ref Keep", "bus: {Keep: 90}")), Archive::Days(90));
        assert_eq!(archive(&tree("RetentionDays: !Ref Keep", "bus: {Keep: 5}")), Archive::Days(30));
    }

    #[test]
    fn zero_or_missing_days_mean_forever() {
        assert_eq!(archive(&tree("RetentionDays: 0", "")), Archive::Forever);
        assert_eq!(archive(&tree("", "")), Archive::Forever);
        assert_eq!(archive(&Tree::default()), Archive::None);
    }
}
