//! The events of Busline: the envelope, one module a publisher, one struct an event version.
//!
//! Pure data. A publisher builds an [`envelope::Event`] from a payload struct of its module; a subscriber starts
//! with [`envelope::read`], which checks that a message is the event that its rule promised before anything acts on it.
//!
//! A payload struct is closed for its publisher and open for its readers: readers ignore fields that they do not know,
//! so a subscriber may read an event into a smaller type of its own. [`documents`] writes both as JSON Schema.

pub mod bounds;
pub mod catalog;
pub mod documents;
pub mod envelope;
pub mod notifications;
pub mod todos;
pub mod trace;
pub mod users;
