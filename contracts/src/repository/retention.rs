//! How long the archive keeps events, as the template of the bus and the environments' files say.

use std::fmt;

use serde_json::Value;

use super::BUS;
use super::tree::Tree;
use crate::topology::template::{self, entries, number};

/// How long the archive keeps events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Archive {
    /// There is none.
    None,
    /// So many days.
    Days(u32),
    /// For ever: `RetentionDays` is 0 or not given.
    ///
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-archive.html>
    ForEver,
}

impl fmt::Display for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("not at all"),
            Self::Days(days) => write!(f, "for {days} days"),
            Self::ForEver => f.write_str("for ever"),
        }
    }
}

/// The longest that any environment keeps.
pub(super) fn archive(tree: &Tree) -> Archive {
    let Some(Ok(bus)) = tree.text(BUS).map(template::parse) else { return Archive::None };
    let archives = entries(&bus["Resources"]).filter(|(_, resource)| resource["Type"] == "AWS::Events::Archive");
    archives.map(|(_, archive)| kept(&archive["Properties"]["RetentionDays"], &bus, tree)).fold(Archive::None, longest)
}

fn kept(days: &Value, bus: &Value, tree: &Tree) -> Archive {
    match days["Ref"].as_str() {
        None => of_days(days),
        Some(parameter) => {
            let default = of_days(&bus["Parameters"][parameter]["Default"]);
            given(parameter, tree).fold(default, longest)
        }
    }
}

/// What the environments' files give a parameter of the bus.
fn given(parameter: &str, tree: &Tree) -> impl Iterator<Item = Archive> {
    let files = tree.below("infra/environments").filter_map(|(_, text)| template::parse(text).ok());
    files.filter_map(move |file| file["bus"].get(parameter).map(of_days))
}

fn of_days(value: &Value) -> Archive {
    match number(value).map(u32::try_from) {
        Some(Ok(days)) if days > 0 => Archive::Days(days),
        _ => Archive::ForEver,
    }
}

fn longest(left: Archive, right: Archive) -> Archive {
    match (left, right) {
        (Archive::ForEver, _) | (_, Archive::ForEver) => Archive::ForEver,
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
    fn no_days_are_for_ever() {
        assert_eq!(archive(&tree("RetentionDays: 0", "")), Archive::ForEver);
        assert_eq!(archive(&tree("", "")), Archive::ForEver);
        assert_eq!(archive(&Tree::default()), Archive::None);
    }
}
