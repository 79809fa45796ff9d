//! The page's address, asked as a browser asks it.

use std::net::SocketAddr;

use reqwest::{Client, Method, RequestBuilder, Url};

use crate::product::Product;

/// The page as it is deployed, and whatever else answers under its name.
#[derive(Clone, Debug)]
pub struct Page {
    /// `http://<name>:<port>`.
    pub origin: String,
    http: Client,
}

impl Page {
    /// The product's page.
    pub fn of(product: &Product) -> Self {
        let origin = product.web().to_owned();
        let named: Url = origin.parse().expect("the page's address is a URL");
        let endpoint: Url = product.endpoint().parse().expect("the endpoint is a URL");
        let (ip, port) = (endpoint.host_str().unwrap().parse().unwrap(), endpoint.port().unwrap());
        // Browsers take every name below `localhost` for this machine; this client is told.
        let http = Client::builder().no_proxy().resolve(named.host_str().unwrap(), SocketAddr::new(ip, port));
        Self { origin, http: http.build().expect("an HTTP client") }
    }

    /// A request for a path of the page's address.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.origin))
    }

    /// A request to read a path of the page's address.
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }
}
