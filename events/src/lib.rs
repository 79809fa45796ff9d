//! The events of Busline: the envelope, one module for each publisher, one struct for each event version. The events
//! that several services publish are in [`participants`].
//!
//! Pure data. A publisher builds an [`envelope::Event`] from a payload struct of its module; a subscriber starts
//! with [`envelope::read`], which checks that a message is the event that its rule promised before anything acts on it.
//!
//! A payload struct is closed for its publisher and open for its readers: readers ignore fields that they do not know,
//! so a subscriber may read an event into its own, smaller type. [`documents`] writes both as JSON Schema.

#![warn(missing_docs)]

pub mod bounds;
pub mod catalog;
pub mod documents;
pub mod envelope;
pub mod participants;
pub mod trace;

// One module for each file in `publishers`, which `build.rs` finds.
include!(concat!(env!("OUT_DIR"), "/publishers.rs"));
