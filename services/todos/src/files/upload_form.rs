//! Upload forms: an S3 POST policy and its signature, by which a browser uploads one file of one type to one key.
//!
//! The SDK presigns links but not forms. The signature is calculated by the SDK's `aws-sigv4`.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html>

use std::collections::BTreeMap;
use std::time::SystemTime;

use aws_config::SdkConfig;
use aws_sdk_s3::config::{ProvideCredentials, Region, SharedCredentialsProvider};
use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::Error;
use serde_json::{Value, json};

/// How long a form can be sent.
const LIFETIME: SignedDuration = SignedDuration::from_mins(5);

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// A multipart form: these fields, then the field `file`, sent to this address.
#[derive(Clone, Debug)]
pub(crate) struct UploadForm {
    pub(crate) url: String,
    pub(crate) fields: BTreeMap<&'static str, String>,
    pub(crate) expires_at: Timestamp,
}

/// What a form uploads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AnnouncedUpload<'a> {
    pub(crate) bucket: &'a str,
    pub(crate) key: &'a str,
    pub(crate) content_type: &'a str,
    /// The size that its owner has announced.
    pub(crate) bytes: u64,
}

/// Signs forms with the credentials of the function's role.
#[derive(Clone, Debug)]
pub(crate) struct FormSigner {
    credentials: Option<SharedCredentialsProvider>,
    region: Option<Region>,
}

impl FormSigner {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self { credentials: config.credentials_provider(), region: config.region().cloned() }
    }

    /// A form for a file of exactly this key and type and at most the announced size, valid for five minutes from `now`.
    pub(crate) async fn sign_form(
        &self,
        url: String,
        upload: &AnnouncedUpload<'_>,
        now: Timestamp,
    ) -> Result<UploadForm, UploadFormError> {
        let provider = self.credentials.as_ref().ok_or(UploadFormError::NoCredentials)?;
        let credentials =
            provider.provide_credentials().await.map_err(|error| UploadFormError::Credentials(error.into()))?;
        let region = self.region.as_ref().ok_or(UploadFormError::NoRegion)?;
        let expires_at = now.saturating_add(LIFETIME).map_err(|error| UploadFormError::Time(error.into()))?;
        let date = now.strftime("%Y%m%d").to_string();
        let mut fields = BTreeMap::from([
            ("key", upload.key.to_owned()),
            ("Content-Type", upload.content_type.to_owned()),
            ("x-amz-algorithm", ALGORITHM.to_owned()),
            ("x-amz-credential", format!("{}/{date}/{region}/s3/aws4_request", credentials.access_key_id())),
            ("x-amz-date", now.strftime("%Y%m%dT%H%M%SZ").to_string()),
        ]);
        if let Some(token) = credentials.session_token() {
            fields.insert("x-amz-security-token", token.to_owned());
        }
        let policy = STANDARD.encode(policy(upload, &fields, expires_at).to_string());
        let signature = sign(&policy, credentials.secret_access_key(), now, region.as_ref());
        fields.insert("policy", policy);
        fields.insert("x-amz-signature", signature);
        Ok(UploadForm { url, fields, expires_at })
    }
}

/// Every field with its exact value, and a size: S3 rejects what a client changes or adds.
fn policy(upload: &AnnouncedUpload<'_>, fields: &BTreeMap<&'static str, String>, expires_at: Timestamp) -> Value {
    let exact = fields.iter().map(|(name, value)| json!(["eq", format!("${name}"), value]));
    let others = [json!({"bucket": upload.bucket}), json!(["content-length-range", 1, upload.bytes])];
    json!({
        "expiration": format!("{expires_at:.3}"),
        "conditions": exact.chain(others).collect::<Vec<_>>(),
    })
}

fn sign(policy: &str, secret: &str, now: Timestamp, region: &str) -> String {
    let key = generate_signing_key(secret, SystemTime::from(now), region, "s3");
    calculate_signature(key, policy.as_bytes())
}

/// Why a form could not be signed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UploadFormError {
    #[error("the function has no credentials provider")]
    NoCredentials,
    #[error("the function's credentials cannot be loaded")]
    Credentials(#[source] Error),
    #[error("the function has no region")]
    NoRegion,
    #[error("the form's expiry time is out of range")]
    Time(#[source] Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The documentation's own example: its policy, encoded, its key and its signature.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-post-example.html>
    #[test]
    fn a_form_is_signed_as_in_the_documentation() {
        let policy = concat!(
            "eyAiZXhwaXJhdGlvbiI6ICIyMDE1LTEyLTMwVDEyOjAwOjAwLjAwMFoiLA0KICAiY29uZGl0aW9ucyI6IFsNCiAgICB7ImJ1Y2tldCI6",
            "ICJzaWd2NGV4YW1wbGVidWNrZXQifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRrZXkiLCAidXNlci91c2VyMS8iXSwNCiAgICB7ImFj",
            "bCI6ICJwdWJsaWMtcmVhZCJ9LA0KICAgIHsic3VjY2Vzc19hY3Rpb25fcmVkaXJlY3QiOiAiaHR0cDovL3NpZ3Y0ZXhhbXBsZWJ1Y2tl",
            "dC5zMy5hbWF6b25hd3MuY29tL3N1Y2Nlc3NmdWxfdXBsb2FkLmh0bWwifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRDb250ZW50LVR5",
            "cGUiLCAiaW1hZ2UvIl0sDQogICAgeyJ4LWFtei1tZXRhLXV1aWQiOiAiMTQzNjUxMjM2NTEyNzQifSwNCiAgICB7IngtYW16LXNlcnZl",
            "ci1zaWRlLWVuY3J5cHRpb24iOiAiQUVTMjU2In0sDQogICAgWyJzdGFydHMtd2l0aCIsICIkeC1hbXotbWV0YS10YWciLCAiIl0sDQoN",
            "CiAgICB7IngtYW16LWNyZWRlbnRpYWwiOiAiQUtJQUlPU0ZPRE5ON0VYQU1QTEUvMjAxNTEyMjkvdXMtZWFzdC0xL3MzL2F3czRfcmVx",
            "dWVzdCJ9LA0KICAgIHsieC1hbXotYWxnb3JpdGhtIjogIkFXUzQtSE1BQy1TSEEyNTYifSwNCiAgICB7IngtYW16LWRhdGUiOiAiMjAx",
            "NTEyMjlUMDAwMDAwWiIgfQ0KICBdDQp9",
        );
        let signed = sign(
            policy,
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "2015-12-29T00:00:00Z".parse().unwrap(),
            "us-east-1",
        );
        assert_eq!(signed, "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e");
    }

    #[test]
    fn a_policy_names_every_field_the_bucket_and_the_size() {
        let fields = BTreeMap::from([("key", "uploads/k".to_owned()), ("Content-Type", "image/png".to_owned())]);
        let upload = AnnouncedUpload { bucket: "files", key: "uploads/k", content_type: "image/png", bytes: 7 };
        assert_eq!(
            policy(&upload, &fields, "2026-11-21T09:05:00Z".parse().unwrap()),
            json!({
                "expiration": "2026-11-21T09:05:00.000Z",
                "conditions": [
                    ["eq", "$Content-Type", "image/png"],
                    ["eq", "$key", "uploads/k"],
                    {"bucket": "files"},
                    ["content-length-range", 1, 7],
                ],
            })
        );
    }
}
