//! Calls of a service's API. Every answer is held against the service's description before a test sees it.

use std::sync::Arc;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Body, Method, Request};
use serde_json::Value;

use crate::contract::Contract;
use crate::product::{Product, Service};

/// A service's API, with or without a token.
#[derive(Clone, Debug)]
pub struct Api {
    http: reqwest::Client,
    base: String,
    contract: Arc<Contract>,
    token: Option<String>,
}

impl Api {
    /// The API of a service, called by nobody.
    pub fn new(product: &Product, service: Service) -> Self {
        let (http, base) = (product.http().clone(), product.url(service).to_owned());
        Self { http, base, contract: Contract::of(service.name()), token: None }
    }

    /// The same API, called with this token.
    #[must_use]
    pub fn with_token(self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self }
    }

    /// A `GET` of a path, which may have a query.
    pub fn get(&self, path: &str) -> Call {
        self.call(Method::GET, path)
    }

    /// A `POST`.
    pub fn post(&self, path: &str) -> Call {
        self.call(Method::POST, path)
    }

    /// A `PATCH`.
    pub fn patch(&self, path: &str) -> Call {
        self.call(Method::PATCH, path)
    }

    /// A `DELETE`.
    pub fn delete(&self, path: &str) -> Call {
        self.call(Method::DELETE, path)
    }

    /// Any call.
    pub fn call(&self, method: Method, path: &str) -> Call {
        let url = format!("{}{path}", self.base).parse().expect("a URL");
        let call = Call {
            http: self.http.clone(),
            contract: Arc::clone(&self.contract),
            path: path.split('?').next().unwrap_or("").to_owned(),
            request: Request::new(method, url),
        };
        match &self.token {
            Some(token) => call.header("authorization", &format!("Bearer {token}")),
            None => call,
        }
    }
}

/// A call that was not sent yet.
#[derive(Debug)]
pub struct Call {
    http: reqwest::Client,
    contract: Arc<Contract>,
    path: String,
    request: Request,
}

impl Call {
    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().expect("a header's name");
        let value = HeaderValue::from_bytes(value.as_bytes()).expect("a header's value");
        self.request.headers_mut().insert(name, value);
        self
    }

    /// With a query parameter.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.request.url_mut().query_pairs_mut().append_pair(name, value);
        self
    }

    /// With a JSON body.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.text("application/json", &body.to_string())
    }

    /// With a body of any kind.
    #[must_use]
    pub fn text(self, content_type: &str, body: &str) -> Self {
        self.bare(body).header("content-type", content_type)
    }

    /// With a body of unknown kind.
    #[must_use]
    pub fn bare(mut self, body: &str) -> Self {
        *self.request.body_mut() = Some(Body::from(body.to_owned()));
        self
    }

    /// Sends it. An answer that the service's description does not allow is a failure of the test, whatever it asks.
    pub async fn send(self) -> Answer {
        let method = self.request.method().clone();
        let answer = self.http.execute(self.request).await.expect("the API answers");
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await.expect("the answer has an end");
        if let Err(difference) = self.contract.check(&method, &self.path, status, &headers, &text) {
            panic!("{difference}\n{text}");
        }
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Answer { call: format!("{method} {}", self.path), status, headers, body }
    }

    /// Sends it and expects this status; the body.
    pub async fn expect(self, status: u16) -> Value {
        self.send().await.with_status(status).body
    }

    /// Sends it and expects a problem document of this kind (the last part of its type), with its status.
    pub async fn expect_problem(self, status: u16, kind: &str) -> Value {
        let answer = self.send().await.with_status(status);
        assert_eq!(answer.body["type"], format!("urn:problem:busline:{kind}"), "{}", answer.body);
        assert_eq!(answer.body["status"], status, "the document repeats the status");
        answer.body
    }
}

/// What a service answered; the description allows it.
#[derive(Debug)]
pub struct Answer {
    call: String,
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The JSON body; null without one.
    pub body: Value,
}

impl Answer {
    /// This answer, which must have this status.
    #[must_use]
    pub fn with_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{} answered {}: {}", self.call, self.status, self.body);
        self
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).unwrap_or_else(|| panic!("{} answered without {name}", self.call));
        value.to_str().expect("a header of visible ASCII")
    }
}
