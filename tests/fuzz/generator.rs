//! Hostile bytes for parsers without a fuzzer: good inputs, broken a little. The same seed gives the same bytes.

use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::{fs, iter};

/// What breaks parsers of text more often than chance does.
const TOKENS: [&[u8]; 20] = [
    b"\"",
    b"\\u0000",
    b"\\ud800",
    b"null",
    b"{",
    b"}",
    b"[[[[[[[[",
    b",",
    b":",
    b"-",
    b"00",
    b"18446744073709551616",
    b"1e999",
    b"W/",
    b"=",
    b"\n",
    b"\xff\xfe",
    "\u{feff}".as_bytes(),
    "\u{10ffff}".as_bytes(),
    b"",
];

/// Runs `target` on broken copies of every file in `seeds`, and on the files themselves.
///
/// # Panics
/// When `target` does; the message shows the bytes.
pub(crate) fn drive(target: fn(&[u8]), seeds: &Path, cases: usize) {
    let mut paths: Vec<_> = fs::read_dir(seeds).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let good: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
    assert!(!good.is_empty(), "{} holds no seed", seeds.display());
    let mut generator = Generator(1);
    let broken = iter::repeat_with(|| generator.broken(&good)).take(cases);
    for bytes in good.iter().cloned().chain(broken) {
        let withstood = panic::catch_unwind(AssertUnwindSafe(|| target(&bytes))).is_ok();
        assert!(withstood, "the target fails on b\"{}\"", bytes.escape_ascii());
    }
}

/// `SplitMix64`: short, and good enough to choose places with.
struct Generator(u64);

impl Generator {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number under `limit`, which must not be zero.
    fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit).unwrap();
        usize::try_from(self.next() % limit).unwrap()
    }

    fn broken(&mut self, good: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = good[self.below(good.len())].clone();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len() + 1);
            let end = (at + self.below(16)).min(bytes.len());
            match self.below(6) {
                0 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
                1 => drop(bytes.drain(at..end)),
                2 => drop(bytes.splice(at..at, bytes[at..end].to_vec())),
                3 => bytes.truncate(at),
                4 => {
                    let other = &good[self.below(good.len())];
                    let from = self.below(other.len() + 1);
                    bytes.truncate(at);
                    bytes.extend_from_slice(&other[from..]);
                }
                _ => {
                    let token = TOKENS[self.below(TOKENS.len())];
                    drop(bytes.splice(at..end, token.iter().copied()));
                }
            }
        }
        bytes
    }
}
