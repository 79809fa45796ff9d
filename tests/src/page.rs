//! Requests to the page's address, as a browser sends them.

use std::net::SocketAddr;

use reqwest::{Client, Method, RequestBuilder, Url};

use crate::product::Product;

/// The deployed page, and the APIs behind its address.
#[derive(Clone, Debug)]
pub struct Page {
    /// The page's address, `http://<name>:<port>`.
    pub origin: String,
    http: Client,
}

impl Page {
    pub fn new(product: &Product) -> Self {
        let origin = product.web().to_owned();
        let named: Url = origin.parse().expect("the page's address is a URL");
        let endpoint: Url = product.endpoint().parse().expect("the endpoint is a URL");
        let (ip, port) = (endpoint.host_str().unwrap().parse().unwrap(), endpoint.port().unwrap());
        // Browsers resolve every name below `localhost` to this machine; this client has to be told.
        let http = Client::builder().no_proxy().resolve(named.host_str().unwrap(), SocketAddr::new(ip, port));
        Self { origin, http: http.build().expect("an HTTP client") }
    }

    /// A request for a path of the page's address.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.origin))
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }
}
