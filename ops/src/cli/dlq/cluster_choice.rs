//! `--cluster`: which row of `clusters` a command means.

use std::ops::ControlFlow;
use std::str::FromStr;

use anyhow::{Result, bail};
use ops::dlq::browse::{BrowseLimits, browse_clusters};
use ops::dlq::cluster::{Cluster, ID_LENGTH};
use ops::dlq::filter::Filter;
use ops::dlq::plan::Plan;
use ops::dlq::queue::Queue;
use ops::error::UsageError;

use crate::cli::dlq::inspect::{self, grouped};
use crate::cli::dlq::reading::with_progress;
use crate::cli::output::{self, Outcome, one_line, program};

/// A row of `clusters`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ClusterChoice {
    /// Its number in a list that is made now, from 1.
    Number(usize),
    Id(String),
}

impl FromStr for ClusterChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_number = text.len() < ID_LENGTH && text.chars().all(|digit| digit.is_ascii_digit());
        match text.parse() {
            Ok(number @ 1..) if is_number => Ok(Self::Number(number)),
            _ if text.len() == ID_LENGTH && text.chars().all(|digit| digit.is_ascii_hexdigit()) => {
                Ok(Self::Id(text.to_ascii_lowercase()))
            }
            _ => Err(format!("give the number or the id of {ID_LENGTH} characters that `clusters` shows")),
        }
    }
}

impl ClusterChoice {
    /// Reads the queue and prints the cause of the chosen cluster.
    ///
    /// Continues with the cluster's id; breaks with a plan without messages when it is not certain, because not all were seen.
    pub(crate) async fn find(
        &self,
        queue: &Queue,
        filter: &Filter,
        limits: BrowseLimits,
    ) -> Result<ControlFlow<Plan, String>> {
        let read = async |limits| browse_clusters(queue, filter, limits).await;
        let (clusters, browsed) = with_progress(limits, read).await?;
        let has_seen_all = inspect::outcome(queue, &browsed) == Outcome::Complete;
        match self.choose(&clusters)? {
            Some(cluster) if has_seen_all || matches!(self, Self::Id(_)) => {
                let (number, cause) = (grouped(cluster.count), one_line(&cluster.describe()));
                output::print_notice(&format!("cluster {}: {number} messages of {cause}", cluster.id));
                Ok(ControlFlow::Continue(cluster.id.clone()))
            }
            None if has_seen_all => bail!(UsageError(self.unknown(clusters.len()))),
            _ => {
                output::print_notice(
                    "nothing was sent: the cluster may be another with the messages that were not seen",
                );
                Ok(ControlFlow::Break(Plan { unseen: browsed.unseen(), ..Plan::default() }))
            }
        }
    }

    /// The only cluster that is meant.
    fn choose<'a>(&self, clusters: &'a [Cluster]) -> Result<Option<&'a Cluster>> {
        let found = match self {
            Self::Number(number) => clusters.get(number - 1),
            Self::Id(id) => clusters.iter().find(|cluster| cluster.id == *id),
        };
        let Some(found) = found else { return Ok(None) };
        if clusters.iter().filter(|cluster| cluster.id == found.id).count() > 1 {
            bail!(UsageError(format!(
                "several clusters have the id {}: choose the messages with filters such as --function or --error",
                found.id
            )));
        }
        Ok(Some(found))
    }

    fn unknown(&self, count: usize) -> String {
        match self {
            Self::Number(_) => format!("there are {count} clusters: `{} dlq clusters` shows them", program()),
            Self::Id(id) => {
                format!("no message is of the cluster {id}: `{} dlq clusters` shows those that exist", program())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ops::dlq::cluster::Clusters;
    use ops::dlq::envelope::{self, Reading};
    use ops::dlq::message::Message;
    use ops::dlq::raw_message::RawMessage;

    use super::*;

    #[test]
    fn up_to_seven_digits_are_a_number_and_eight_an_id() {
        let choice = |text: &str| text.parse::<ClusterChoice>();
        assert_eq!(choice("2"), Ok(ClusterChoice::Number(2)));
        assert_eq!(choice("1234567"), Ok(ClusterChoice::Number(1_234_567)));
        assert_eq!(choice("12345678"), Ok(ClusterChoice::Id("12345678".to_owned())));
        assert_eq!(choice("4F0C1f5e"), Ok(ClusterChoice::Id("4f0c1f5e".to_owned())));
        for wrong in ["", "0", "-1", "4f0c", "123456789", "4f0c1f5x"] {
            assert!(choice(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_id_of_several_causes_is_refused() {
        let raw = RawMessage { message_id: "m".to_owned(), body: "text".to_owned(), ..RawMessage::default() };
        let Reading::Whole(decoded) = envelope::read(&raw) else { panic!("the message names no object") };
        let mut clusters = Clusters::default();
        clusters.add(&Message::new(raw, *decoded));
        let mut clusters = clusters.finish();
        let id = ClusterChoice::Id(clusters[0].id.clone());
        assert_eq!(id.choose(&clusters).unwrap().unwrap().count, 1);
        clusters.push(Cluster { function: Some("other".to_owned()), ..clusters[0].clone() });
        for choice in [id, ClusterChoice::Number(2)] {
            let refused = choice.choose(&clusters).unwrap_err();
            assert!(refused.to_string().contains("several clusters have the id"), "{refused}");
        }
    }
}
