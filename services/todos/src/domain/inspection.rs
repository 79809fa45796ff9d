//! Checks of a file's bytes: is it of its announced type, complete, and nothing else?
//!
//! Of a PDF the first and last bytes are read, a text is read part by part, and only a picture is held in memory,
//! because it must be decoded: at most 50 MiB of it, and as many pixels as [`picture`] allows.

mod format;
pub(crate) mod pdf;
pub(crate) mod picture;
pub(crate) mod text;
