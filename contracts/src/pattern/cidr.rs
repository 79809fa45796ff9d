//! Blocks of IP addresses.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html#eb-filtering-ip-matching>

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::InvalidPattern;

/// A block of addresses, of version 4 or 6.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cidr(IpNet);

impl Cidr {
    /// Reads a block such as `10.0.0.0/24`; one single address (`/32`, `/128`) is none for EventBridge.
    pub(super) fn parse(text: &str) -> Result<Self, InvalidPattern> {
        let refuse = |reason: &str| Err(InvalidPattern::new(reason));
        let Some((address, bits)) = text.split_once('/').filter(|(_, bits)| !bits.is_empty() && !bits.contains('/'))
        else {
            return refuse("Malformed CIDR, one '/' required");
        };
        let Ok(bits) = bits.parse::<i32>() else {
            return refuse("Malformed CIDR, mask bits must be an integer");
        };
        let Ok(bits) = u32::try_from(bits) else {
            return refuse("Malformed CIDR, mask bits must not be negative");
        };
        if !is_plain(address) {
            return refuse(&format!("Nonstandard IP address: {address}"));
        }
        let Some(address) = parsed(address) else {
            return refuse(&format!("Invalid IP address: {address}"));
        };
        let block = u8::try_from(bits).ok().filter(|bits| *bits < single(address));
        match block.and_then(|bits| IpNet::new(address, bits).ok()) {
            Some(block) => Ok(Self(block)),
            None if address.is_ipv4() => refuse("IPv4 mask bits must be < 32"),
            None => refuse("IPv6 mask bits must be < 128"),
        }
    }

    /// Whether `text` is an address in the block.
    pub(super) fn contains(&self, text: &str) -> bool {
        parsed(text).is_some_and(|address| self.0.contains(&address))
    }

    /// The first and the last address of the block.
    pub(super) fn ends(&self) -> [IpAddr; 2] {
        [self.0.network(), self.0.broadcast()]
    }
}

/// How many bits stand for one single address.
fn single(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// Whether `text` looks like an address of one version, without a zone or the other version within.
fn is_plain(text: &str) -> bool {
    let is_v4 = text.split('.').count() == 4 && text.split('.').all(is_number);
    let is_v6 = text.contains(':') && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':');
    is_v4 || is_v6
}

/// Whether two texts are the same address: a plain value that is one matches each of its spellings.
pub(super) fn is_same(left: &str, right: &str) -> bool {
    parsed(left).is_some_and(|address| parsed(right) == Some(address))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn parsed(text: &str) -> Option<IpAddr> {
    if !is_plain(text) {
        return None;
    }
    if text.contains(':') {
        // Java, in which EventBridge's matcher is written, takes `::ffff:a00:1` for the address 10.0.0.1 of version 4.
        return text.parse::<Ipv6Addr>().ok().map(|address| address.to_canonical());
    }
    // By hand, because a leading zero is none of octal here, as it is not for EventBridge.
    let mut octets = [0; 4];
    for (octet, digits) in octets.iter_mut().zip(text.split('.')) {
        *octet = digits.parse().ok()?;
    }
    Some(IpAddr::V4(Ipv4Addr::from(octets)))
}
