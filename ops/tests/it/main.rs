//! The engine, on what AWS and the local cloud really send and on what nobody should.

mod envelopes;
mod filters;
mod fixture;
mod hostile;
