//! The part of HTTP/1.1 that the SDK and Lambda's runtime use, for test servers and proxies in place of an endpoint.
//!
//! It works on plain sockets: an injected fault must be able to cut a connection in the middle of a request, and a
//! benchmark must time the function and not a server library.

use std::io;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// The largest body of a request or a response. Lambda's largest payload has 6 MB, DynamoDB's largest transaction 4 MB.
const MAX_BODY_BYTES: usize = 8 << 20;

/// Headers that concern one connection only.
///
/// <https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1>
const HOP_BY_HOP_HEADERS: [&str; 4] = ["connection", "content-length", "keep-alive", "transfer-encoding"];

/// A client's connection, which may carry many requests.
pub type Connection = BufReader<TcpStream>;

/// A server on a free port of this machine.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    endpoint: String,
}

impl Server {
    /// Binds a free port. Connections wait until [`Server::start`].
    pub async fn bind() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port on 127.0.0.1");
        let port = listener.local_addr().expect("a port").port();
        Self { listener, endpoint: format!("http://127.0.0.1:{port}") }
    }

    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Serves until the runtime ends. When `respond` returns `None`, the connection is closed without a response.
    pub fn start<A>(self, respond: impl Fn(Request) -> A + Clone + Send + Sync + 'static)
    where
        A: Future<Output = Option<Response>> + Send + 'static,
    {
        tokio::spawn(async move {
            loop {
                match self.listener.accept().await {
                    // A connection ends early when its program is killed.
                    Ok((stream, _)) => drop(tokio::spawn(serve(stream, respond.clone()))),
                    Err(error) => eprintln!("cannot accept a connection: {error}"),
                }
            }
        });
    }
}

async fn serve<A>(stream: TcpStream, respond: impl Fn(Request) -> A) -> io::Result<()>
where
    A: Future<Output = Option<Response>>,
{
    stream.set_nodelay(true)?;
    let mut connection = BufReader::new(stream);
    while let Some(request) = Request::read(&mut connection).await? {
        let Some(response) = respond(request).await else {
            return Ok(());
        };
        response.write(&mut connection).await?;
    }
    Ok(())
}

#[derive(Debug)]
pub struct Request {
    /// The method in upper case, such as `GET`.
    pub method: String,
    /// The path with the query.
    pub path: String,
    /// The headers in the order in which they were received.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    /// The headers. Hop-by-hop headers and the length are not sent from here.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    /// A header's value. Names are case-insensitive.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Reads the next request of a connection; `None` when the client has closed it.
    ///
    /// # Errors
    /// When the connection breaks, or the data is not a request with a known length of at most 8 MiB.
    pub async fn read(connection: &mut Connection) -> io::Result<Option<Self>> {
        let Some(first) = line(connection).await? else {
            return Ok(None);
        };
        let mut words = first.split(' ').map(str::to_owned);
        let (Some(method), Some(path)) = (words.next(), words.next()) else {
            return Err(invalid(format!("not a request line: {first}")));
        };
        let mut headers = Vec::new();
        while let Some(line) = line(connection).await?.filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').ok_or_else(|| invalid(format!("not a header: {line}")))?;
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        let mut request = Self { method, path, headers, body: Vec::new() };
        if request.header("transfer-encoding").is_some() {
            return Err(invalid("a body of unknown length".to_owned()));
        }
        let length = request.header("content-length").unwrap_or("0").parse().unwrap_or(usize::MAX);
        if length > MAX_BODY_BYTES {
            return Err(invalid(format!("a body of {length} bytes")));
        }
        request.body.resize(length, 0);
        connection.read_exact(&mut request.body).await?;
        Ok(Some(request))
    }

    /// Sends the request to an endpoint with another body, and returns the response.
    ///
    /// # Errors
    /// When the endpoint does not respond.
    pub async fn forward(
        &self,
        client: &reqwest::Client,
        endpoint: &str,
        body: Vec<u8>,
    ) -> Result<Response, reqwest::Error> {
        let method = self.method.parse().expect("a method");
        let mut call = client.request(method, format!("{endpoint}{}", self.path)).body(body);
        for (name, value) in self.headers.iter().filter(|(name, _)| !is_hop_by_hop_header(name)) {
            call = call.header(name, value);
        }
        let response = call.send().await?;
        let headers = response.headers().iter();
        let headers = headers.filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())));
        let (status, headers) = (response.status().as_u16(), headers.collect());
        Ok(Response { status, headers, body: response.bytes().await?.to_vec() })
    }
}

impl Response {
    /// An error in AWS's JSON protocols.
    ///
    /// <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html#operation-error-serialization>
    pub fn error(status: u16, code: &str, mut fields: Value) -> Self {
        fields["__type"] = code.into();
        let kind = ("x-amzn-errortype".to_owned(), code.to_owned());
        let json = Self::json(&fields);
        Self { status, headers: [json.headers, vec![kind]].concat(), ..json }
    }

    /// Status 200 with a JSON body.
    pub fn json(body: &Value) -> Self {
        let headers = vec![("content-type".to_owned(), "application/x-amz-json-1.1".to_owned())];
        Self { status: 200, headers, body: body.to_string().into_bytes() }
    }

    /// Sends the response and leaves the connection open.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn write(&self, connection: &mut Connection) -> io::Result<()> {
        let mut head = format!("HTTP/1.1 {} -\r\ncontent-length: {}\r\n", self.status, self.body.len());
        for (name, value) in self.headers.iter().filter(|(name, _)| !is_hop_by_hop_header(name)) {
            head.extend([name, ": ", value, "\r\n"]);
        }
        head.push_str("\r\n");
        // In one write: the second of two would wait for the acknowledgement of the first.
        connection.get_mut().write_all(&[head.as_bytes(), &self.body].concat()).await
    }
}

/// Whether a proxy must not forward this header.
pub fn is_hop_by_hop_header(name: &str) -> bool {
    HOP_BY_HOP_HEADERS.iter().any(|own| name.eq_ignore_ascii_case(own))
}

async fn line(connection: &mut Connection) -> io::Result<Option<String>> {
    let mut line = String::new();
    let length = connection.read_line(&mut line).await?;
    Ok((length > 0).then(|| line.trim_end().to_owned()))
}

fn invalid(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
