//! Links in emails to unsubscribe without signing in (RFC 8058).
//!
//! A token names a user and a kind of email and is signed with a secret of the stack. It allows nothing else. It never
//! expires, because an email may be read years later. A token is 66 characters of base64url: one byte for the kind, 16
//! bytes of the user's id, and 32 bytes of HMAC-SHA256 over both, behind a label that no other signature uses.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

use crate::domain::preferences::EmailKind;

/// Part of the signature. It names the version of the token's format too.
const LABEL: &[u8] = b"busline unsubscribe v1";
const PAYLOAD_BYTES: usize = 1 + 16;
const TOKEN_BYTES: usize = PAYLOAD_BYTES + 32;

/// Signs and verifies tokens. Without `Debug`, because it holds the secret.
#[derive(Clone)]
pub(crate) struct UnsubscribeTokenSigner(Hmac<Sha256>);

/// The two addresses at which a user unsubscribes from a kind of email.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UnsubscribeLinks {
    /// For people: a page that asks for confirmation.
    pub(crate) page: String,
    /// For mail programs, which send a `POST`.
    pub(crate) one_click: String,
}

impl UnsubscribeTokenSigner {
    /// `None` for an empty secret.
    pub(crate) fn new(secret: &str) -> Option<Self> {
        if secret.is_empty() {
            return None;
        }
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
        mac.update(LABEL);
        Some(Self(mac))
    }

    /// The token that unsubscribes this user from emails of this kind.
    pub(crate) fn sign(&self, user: Uuid, kind: EmailKind) -> String {
        let mut bytes = [0; TOKEN_BYTES];
        let (payload, signature) = bytes.split_at_mut(PAYLOAD_BYTES);
        payload[0] = code(kind);
        payload[1..].copy_from_slice(user.as_bytes());
        signature.copy_from_slice(&self.0.clone().chain_update(payload).finalize().into_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The user and the kind of email of a token; `None` if the signature is not valid. Takes the same time for every
    /// token of the right length.
    pub(crate) fn verify(&self, token: &str) -> Option<(Uuid, EmailKind)> {
        let mut bytes = [0; TOKEN_BYTES];
        let length = URL_SAFE_NO_PAD.decode_slice(token, &mut bytes).ok()?;
        let (payload, signature) = bytes.split_at(PAYLOAD_BYTES);
        if length != TOKEN_BYTES || self.0.clone().chain_update(payload).verify_slice(signature).is_err() {
            return None;
        }
        Some((Uuid::from_slice(&payload[1..]).ok()?, kind(payload[0])?))
    }
}

fn code(kind: EmailKind) -> u8 {
    match kind {
        EmailKind::Reminder => 1,
        EmailKind::Digest => 2,
    }
}

fn kind(code: u8) -> Option<EmailKind> {
    match code {
        1 => Some(EmailKind::Reminder),
        2 => Some(EmailKind::Digest),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: Uuid = Uuid::from_u128(1);

    fn signer() -> UnsubscribeTokenSigner {
        UnsubscribeTokenSigner::new("a secret of the tests").unwrap()
    }

    #[test]
    fn a_token_verifies_with_its_user_and_kind() {
        for kind in [EmailKind::Reminder, EmailKind::Digest] {
            let token = signer().sign(ANN, kind);
            assert_eq!(token.len(), 66);
            assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{token}");
            assert_eq!(signer().verify(&token), Some((ANN, kind)));
        }
    }

    #[test]
    fn a_changed_token_is_refused() {
        let token = signer().sign(ANN, EmailKind::Reminder);
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(signer().verify(&changed), None, "{changed}");
        }
        for wrong in ["", "x", &token[1..], &format!("{token}A"), &token.repeat(9), "ü", "===="] {
            assert_eq!(signer().verify(wrong), None, "{wrong}");
        }
        assert_eq!(UnsubscribeTokenSigner::new("another secret").unwrap().verify(&token), None);
        assert!(UnsubscribeTokenSigner::new("").is_none());
    }
}
