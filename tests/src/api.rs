//! Requests to a service's API. Every response is checked against the service's description before a test sees it.

use std::sync::Arc;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Body, Method, Request};
use serde_json::Value;

use crate::contract::Contract;
use crate::product::Product;

/// A service's API, with or without a token.
#[derive(Clone, Debug)]
pub struct Api {
    http: reqwest::Client,
    base: String,
    contract: Arc<Contract>,
    token: Option<String>,
}

impl Api {
    /// The API of a service, called without a token.
    pub fn new(product: &Product, service: &str) -> Self {
        let (http, base) = (product.http().clone(), product.url(service).to_owned());
        Self { http, base, contract: Contract::for_service(service), token: None }
    }

    #[must_use]
    pub fn with_token(self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self }
    }

    /// A `GET` of a path, which may have a query.
    pub fn get(&self, path: &str) -> ApiRequest {
        self.request(Method::GET, path)
    }

    pub fn post(&self, path: &str) -> ApiRequest {
        self.request(Method::POST, path)
    }

    pub fn patch(&self, path: &str) -> ApiRequest {
        self.request(Method::PATCH, path)
    }

    pub fn delete(&self, path: &str) -> ApiRequest {
        self.request(Method::DELETE, path)
    }

    pub fn request(&self, method: Method, path: &str) -> ApiRequest {
        let url = format!("{}{path}", self.base).parse().expect("a URL");
        let request = ApiRequest {
            http: self.http.clone(),
            contract: Arc::clone(&self.contract),
            path: path.split('?').next().unwrap_or("").to_owned(),
            request: Request::new(method, url),
        };
        match &self.token {
            Some(token) => request.header("authorization", &format!("Bearer {token}")),
            None => request,
        }
    }
}

/// A request that was not sent yet.
#[derive(Debug)]
pub struct ApiRequest {
    http: reqwest::Client,
    contract: Arc<Contract>,
    path: String,
    request: Request,
}

impl ApiRequest {
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().expect("a header's name");
        let value = HeaderValue::from_bytes(value.as_bytes()).expect("a header's value");
        self.request.headers_mut().insert(name, value);
        self
    }

    /// Adds a query parameter.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.request.url_mut().query_pairs_mut().append_pair(name, value);
        self
    }

    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.text("application/json", &body.to_string())
    }

    #[must_use]
    pub fn text(self, content_type: &str, body: &str) -> Self {
        self.untyped(body).header("content-type", content_type)
    }

    /// Sets a body without a content type.
    #[must_use]
    pub fn untyped(mut self, body: &str) -> Self {
        *self.request.body_mut() = Some(Body::from(body.to_owned()));
        self
    }

    /// Sends it. A response that the service's description does not allow fails the test.
    pub async fn send(self) -> ApiResponse {
        let method = self.request.method().clone();
        let response = self.http.execute(self.request).await.expect("the API answers");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.expect("the response has an end");
        if let Err(difference) = self.contract.check(&method, &self.path, status, &headers, &text) {
            panic!("{difference}\n{text}");
        }
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        ApiResponse { request: format!("{method} {}", self.path), status, headers, body }
    }

    /// Sends it and expects this status; the response's body.
    pub async fn expect(self, status: u16) -> Value {
        self.send().await.with_status(status).body
    }

    /// Sends it and expects this status and a problem document of this kind, which is the last part of its type.
    pub async fn expect_problem(self, status: u16, kind: &str) -> Value {
        let response = self.send().await.with_status(status);
        assert_eq!(response.body["type"], format!("urn:problem:busline:{kind}"), "{}", response.body);
        assert_eq!(response.body["status"], status, "the document repeats the status");
        response.body
    }
}

/// A response that the service's description allows.
#[derive(Debug)]
pub struct ApiResponse {
    /// Method and path of the request.
    request: String,
    pub status: u16,
    pub headers: HeaderMap,
    /// The JSON body; null without one.
    pub body: Value,
}

impl ApiResponse {
    /// Returns this response, which must have this status.
    #[must_use]
    pub fn with_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{} was answered with {}: {}", self.request, self.status, self.body);
        self
    }

    /// The value of a header that must be there.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).unwrap_or_else(|| panic!("the response to {} has no {name}", self.request));
        value.to_str().expect("a header of visible ASCII")
    }
}
