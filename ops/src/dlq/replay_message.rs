//! A message on its way to its replay target.

use crate::dlq::batches::OutgoingMessage;
use crate::dlq::limits::MAX_MESSAGE_BYTES;
use crate::dlq::message::Message;
use crate::dlq::replay_metadata::{
    MetadataPolicy, event_with_metadata, failure_id, preserved_attributes, replay_attributes,
};

/// A message to replay.
#[derive(Clone, Copy, Debug)]
pub struct ReplayMessage<'a> {
    /// The message as it waits in its queue.
    pub message: &'a Message,
    /// The replay that sends it.
    pub replay_id: &'a str,
    /// The replay attempt number of this message, from 1.
    pub attempt: u32,
}

impl ReplayMessage<'_> {
    /// The message for the queue at `url`.
    pub(super) fn outgoing(&self, url: &str, body: &str, policy: MetadataPolicy) -> OutgoingMessage {
        let attributes = match policy {
            MetadataPolicy::Increment => {
                replay_attributes(self.message, self.replay_id, self.attempt, MAX_MESSAGE_BYTES)
            }
            policy => preserved_attributes(self.message, policy),
        };
        OutgoingMessage::new(self.message, url, body, attributes)
    }

    /// The original event with the metadata of this replay. Its key is the same however often the failure is replayed, so
    /// that the consumer can claim it.
    pub(super) fn event(&self, original: &str) -> String {
        event_with_metadata(original, self.replay_id, self.attempt, &failure_id(self.message).to_string())
    }
}
