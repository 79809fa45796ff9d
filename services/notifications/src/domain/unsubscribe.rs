//! Links by which a mail can be stopped without signing in (RFC 8058).
//!
//! A token names a user and a kind of mail and is signed with a secret of the stack. It opens nothing else, and it is
//! good for ever: a mail may be read years later. A token is 66 characters of base64url: a byte for the kind, 16 of the
//! user's id, 32 of HMAC-SHA256 over both behind a label that nothing else is signed with.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

use crate::domain::preferences::MailKind;

/// Names the form of the token too: another form needs another label.
const LABEL: &[u8] = b"busline unsubscribe v1";
const NAMED: usize = 1 + 16;
const WHOLE: usize = NAMED + 32;

/// Makes and checks tokens. Without `Debug`: it holds the secret.
#[derive(Clone)]
pub(crate) struct Seal(Hmac<Sha256>);

/// The two addresses at which a kind of mail is stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StopLinks {
    /// For people: it asks before it stops anything.
    pub(crate) page: String,
    /// For mail programs, which `POST` to it.
    pub(crate) one_click: String,
}

impl Seal {
    /// The seal of a secret; none for an empty one.
    pub(crate) fn new(secret: &str) -> Option<Self> {
        if secret.is_empty() {
            return None;
        }
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
        mac.update(LABEL);
        Some(Self(mac))
    }

    /// The token that stops mails of this kind to this user.
    pub(crate) fn token(&self, user: Uuid, kind: MailKind) -> String {
        let mut bytes = [0; WHOLE];
        let (named, signature) = bytes.split_at_mut(NAMED);
        named[0] = code(kind);
        named[1..].copy_from_slice(user.as_bytes());
        signature.copy_from_slice(&self.0.clone().chain_update(named).finalize().into_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Whom and what a token stops; `None` for one that this seal did not make. Takes the same time for every token of
    /// the right length.
    pub(crate) fn open(&self, token: &str) -> Option<(Uuid, MailKind)> {
        let mut bytes = [0; WHOLE];
        let length = URL_SAFE_NO_PAD.decode_slice(token, &mut bytes).ok()?;
        let (named, signature) = bytes.split_at(NAMED);
        if length != WHOLE || self.0.clone().chain_update(named).verify_slice(signature).is_err() {
            return None;
        }
        Some((Uuid::from_slice(&named[1..]).ok()?, kind(named[0])?))
    }
}

fn code(kind: MailKind) -> u8 {
    match kind {
        MailKind::Reminder => 1,
        MailKind::Digest => 2,
    }
}

fn kind(code: u8) -> Option<MailKind> {
    match code {
        1 => Some(MailKind::Reminder),
        2 => Some(MailKind::Digest),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: Uuid = Uuid::from_u128(1);

    fn seal() -> Seal {
        Seal::new("a secret of the tests").unwrap()
    }

    #[test]
    fn a_token_opens_what_it_was_made_for() {
        for kind in [MailKind::Reminder, MailKind::Digest] {
            let token = seal().token(ANN, kind);
            assert_eq!(token.len(), 66);
            assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{token}");
            assert_eq!(seal().open(&token), Some((ANN, kind)));
        }
    }

    #[test]
    fn a_token_that_was_touched_opens_nothing() {
        let token = seal().token(ANN, MailKind::Reminder);
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(seal().open(&changed), None, "{changed}");
        }
        for wrong in ["", "x", &token[1..], &format!("{token}A"), &token.repeat(9), "ü", "===="] {
            assert_eq!(seal().open(wrong), None, "{wrong}");
        }
        assert_eq!(Seal::new("another secret").unwrap().open(&token), None);
        assert!(Seal::new("").is_none());
    }
}
