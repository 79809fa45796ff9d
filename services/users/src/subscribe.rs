//! Events that this service reads, its own among them: what their jobs read of each, for the checks of contracts.

#[cfg(test)]
mod readings;
