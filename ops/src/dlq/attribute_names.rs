//! Message attributes that this program adds to the messages that it sends.

/// Identifies what is sent, however often it is sent. A consumer that claims it has each effect once.
pub const REPLAY_KEY: &str = "busline-replay-key";

/// The replay and the attempt: `<replay id> <attempt>`.
pub const REPLAY: &str = "busline-replay";

/// The ARN of the queue that gave the message up. SQS's own attribute is lost in a parking queue and after an import.
pub const SOURCE_QUEUE: &str = "busline-source-queue";

/// On an edited message: the id of the message that it replaced.
pub const EDITED: &str = "busline-edited";
