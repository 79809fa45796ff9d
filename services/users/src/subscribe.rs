//! The jobs that bus events start. This service reads its own events too: it takes part in erasure and export like any
//! other service with personal data.

#[cfg(test)]
mod consumed_events;
pub(crate) mod erase;
pub(crate) mod export;
pub(crate) mod participant_answers;
pub(crate) mod payloads;
