//! Requests signed by hand, with any keys: for calls that the SDK would not make, such as those that must be denied.

use jiff::Timestamp;
use reqwest::Method;
use reqwest::header::HeaderValue;
use sha2::{Digest, Sha256};

use crate::product::Product;

/// The block size of SHA-256, in bytes.
const BLOCK: usize = 64;

/// HMAC with SHA-256 (RFC 2104).
pub fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0; BLOCK];
    if key.len() > BLOCK {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().into()
}

/// Access keys, as STS gives them.
#[derive(Clone, Debug)]
pub struct AccessKeys {
    pub id: String,
    pub secret: String,
    /// The session token; permanent keys have none.
    pub token: Option<String>,
}

impl AccessKeys {
    /// The root keys of the local cloud's account; they are not valid anywhere else.
    pub fn root() -> Self {
        Self { id: "test".into(), secret: "test".into(), token: None }
    }
}

/// A request to an AWS API in its wire format.
#[derive(Clone, Debug)]
pub struct Request {
    /// The service's name in signatures: `dynamodb`, `iam`.
    pub service: &'static str,
    /// The region in the signature; by default the product's. IAM is signed for `us-east-1`.
    pub region: Option<&'static str>,
    pub method: Method,
    /// The path, percent-encoded as it is sent.
    pub path: String,
    /// The encoded query, with the parameters sorted by name.
    pub query: String,
    /// Headers without those of the signature.
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

impl Request {
    /// A request in the JSON protocol; `target` is the service's prefix and the operation.
    pub fn json(service: &'static str, target: &str, body: &serde_json::Value) -> Self {
        let headers = vec![("content-type", "application/x-amz-json-1.1".into()), ("x-amz-target", target.to_owned())];
        Self { headers, ..Self::plain(service, Method::POST, "/", &body.to_string()) }
    }

    /// A request in the query protocol.
    pub fn query(service: &'static str, fields: &[(&str, &str)]) -> Self {
        let mut form: reqwest::Url = "http://form/".parse().expect("a URL");
        form.query_pairs_mut().extend_pairs(fields);
        let headers = vec![("content-type", "application/x-www-form-urlencoded".into())];
        Self { headers, ..Self::plain(service, Method::POST, "/", form.query().unwrap_or_default()) }
    }

    /// A request in the REST protocol.
    pub fn plain(service: &'static str, method: Method, path: &str, body: &str) -> Self {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let (path, query, body) = (path.to_owned(), query.to_owned(), body.to_owned());
        Self { service, region: None, method, path, query, headers: Vec::new(), body }
    }
}

#[derive(Clone, Debug)]
pub struct SignedResponse {
    pub status: u16,
    /// The response's JSON or XML.
    pub body: String,
}

impl SignedResponse {
    /// Whether the caller lacks a permission: AWS answers with one of these codes, and 400 or 403.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>
    pub fn is_denied(&self) -> bool {
        let codes = ["AccessDenied", "AuthorizationError"];
        matches!(self.status, 400 | 403) && codes.iter().any(|code| self.body.contains(code))
    }
}

/// Sends requests that are signed with one pair of keys.
#[derive(Clone, Debug)]
pub struct Signer {
    http: reqwest::Client,
    endpoint: String,
    region: String,
    keys: AccessKeys,
}

impl Signer {
    /// Signs for the cloud on which the product runs.
    pub fn new(product: &Product, keys: AccessKeys) -> Self {
        // Not the product's client: it may hold connections of another runtime.
        let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
        let region = product.sdk().region().expect("a region").to_string();
        Self { http, endpoint: product.endpoint().trim_end_matches('/').to_owned(), region, keys }
    }

    /// Signs and sends.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>
    pub async fn send(&self, request: &Request) -> SignedResponse {
        let now = Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
        let body_hash = hex(&Sha256::digest(&request.body));
        let host = self.endpoint.split("//").nth(1).expect("an endpoint with a host");
        let mut headers = request.headers.clone();
        headers.extend([
            ("host", host.to_owned()),
            ("x-amz-content-sha256", body_hash.clone()),
            ("x-amz-date", now.clone()),
        ]);
        headers.extend(self.keys.token.clone().map(|token| ("x-amz-security-token", token)));
        headers.sort();
        let authorization = self.authorization(request, &headers, &now, &body_hash);
        let query = if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
        let url = format!("{}{}{query}", self.endpoint, request.path);
        let mut call = self.http.request(request.method.clone(), url).body(request.body.clone());
        for (name, value) in headers {
            call = call.header(name, value);
        }
        let call = call.header("authorization", HeaderValue::from_str(&authorization).expect("a header's value"));
        let answer = call.send().await.expect("the cloud answers");
        let status = answer.status().as_u16();
        SignedResponse { status, body: answer.text().await.expect("the answer has an end") }
    }

    fn authorization(&self, request: &Request, headers: &[(&str, String)], now: &str, body_hash: &str) -> String {
        let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
        let lines = headers.iter().map(|(name, value)| format!("{name}:{value}")).collect::<Vec<_>>().join("\n");
        let Request { method, path, query, .. } = request;
        // S3 signs the path as it is sent; every other service encodes it once more.
        let path = if request.service == "s3" { path.to_owned() } else { path.replace('%', "%25").replace('@', "%40") };
        let canonical = format!("{method}\n{path}\n{query}\n{lines}\n\n{names}\n{body_hash}");
        let (day, region) = (&now[..8], request.region.unwrap_or(&self.region));
        let scope = format!("{day}/{region}/{}/aws4_request", request.service);
        let text = format!("AWS4-HMAC-SHA256\n{now}\n{scope}\n{}", hex(&Sha256::digest(canonical)));
        let seed = format!("AWS4{}", self.keys.secret).into_bytes();
        let parts = [day, region, request.service, "aws4_request"];
        let key = parts.iter().fold(seed, |key, part| hmac(&key, part.as_bytes()).to_vec());
        let signature = hex(&hmac(&key, text.as_bytes()));
        format!("AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}", self.keys.id)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test cases 2 and 6.
    #[test]
    fn an_hmac_is_that_of_the_rfc() {
        let short = hmac(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(hex(&short), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        let long = hmac(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First");
        assert_eq!(hex(&long), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    }
}
