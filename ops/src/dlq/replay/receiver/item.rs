//! Received messages, and the decision what to do with them.

use uuid::Uuid;

use crate::dlq::journal::state::short_id;
use crate::dlq::message::Message;
use crate::dlq::replay_message::ReplayMessage;

/// A message to replay or to park.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) message: Message,
    pub(crate) attempt: u32,
    pub(crate) is_parked: bool,
}

impl Item {
    pub(crate) fn id(&self) -> Uuid {
        short_id(&self.message.message_id)
    }

    pub(crate) fn replay_message<'a>(&'a self, replay_id: &'a str) -> ReplayMessage<'a> {
        ReplayMessage { message: &self.message, replay_id, attempt: self.attempt }
    }
}

/// The messages of one receive call.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// To be replayed or parked.
    pub(crate) items: Vec<Item>,
    /// To be skipped, with the reason.
    pub(crate) skipped: Vec<(Message, String)>,
    /// Sent to the queue after the plan was made.
    pub(crate) sent_after_plan: Vec<Message>,
    /// Sent by this replay, and failed again.
    pub(crate) returned: Vec<Message>,
    /// Accepted before, and still in the queue.
    pub(crate) to_delete: Vec<Uuid>,
}
