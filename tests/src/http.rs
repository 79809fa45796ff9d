//! Just as much HTTP/1.1 as the SDK and Lambda's runtime speak to an endpoint, for what stands in the endpoint's place.
//!
//! On bare sockets: a fault must be able to cut a connection in the midst of a call, and what is timed must be the
//! function and not a server library.

use std::io;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A request or an answer carries at most this much: Lambda's largest payload is of 6 MB, DynamoDB's largest
/// transaction of 4 MB.
const LONGEST_BODY: usize = 8 << 20;

/// Headers that speak of one connection alone.
const OF_THE_CONNECTION: [&str; 4] = ["connection", "content-length", "keep-alive", "transfer-encoding"];

/// A connection of a client that may send many requests.
pub type Connection = BufReader<TcpStream>;

/// What stands in an endpoint's place, on a port of its own.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    endpoint: String,
}

impl Server {
    /// Takes a free port. Connections wait until [`Server::start`].
    pub async fn bind() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port on 127.0.0.1");
        let port = listener.local_addr().expect("a port").port();
        Self { listener, endpoint: format!("http://127.0.0.1:{port}") }
    }

    /// Its address.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Serves as long as the runtime lives. A request without an answer has its connection cut.
    pub fn start<A>(self, answer: impl Fn(Request) -> A + Clone + Send + Sync + 'static)
    where
        A: Future<Output = Option<Answer>> + Send + 'static,
    {
        tokio::spawn(async move {
            loop {
                match self.listener.accept().await {
                    // A connection that ends early is that of a program that was killed.
                    Ok((stream, _)) => drop(tokio::spawn(serve(stream, answer.clone()))),
                    Err(error) => eprintln!("no connection could be accepted: {error}"),
                }
            }
        });
    }
}

async fn serve<A>(stream: TcpStream, answer: impl Fn(Request) -> A) -> io::Result<()>
where
    A: Future<Output = Option<Answer>>,
{
    stream.set_nodelay(true)?;
    let mut connection = BufReader::new(stream);
    while let Some(request) = Request::read(&mut connection).await? {
        let Some(answer) = answer(request).await else {
            return Ok(());
        };
        answer.write(&mut connection).await?;
    }
    Ok(())
}

/// A request.
#[derive(Debug)]
pub struct Request {
    /// The method, in capitals.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The headers, in the order in which they came.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers; its length and what speaks of a connection are not among those that are sent.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Request {
    /// A header's value; names count in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The next request of a connection; none when the client has closed it.
    ///
    /// # Errors
    /// When the connection breaks, or what comes is no request whose length is known and at most 8 MiB.
    pub async fn read(connection: &mut Connection) -> io::Result<Option<Self>> {
        let Some(first) = line(connection).await? else {
            return Ok(None);
        };
        let mut words = first.split(' ').map(str::to_owned);
        let (Some(method), Some(path)) = (words.next(), words.next()) else {
            return Err(invalid(format!("no request line: {first}")));
        };
        let mut headers = Vec::new();
        while let Some(line) = line(connection).await?.filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').ok_or_else(|| invalid(format!("no header: {line}")))?;
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        let mut request = Self { method, path, headers, body: Vec::new() };
        if request.header("transfer-encoding").is_some() {
            return Err(invalid("a body of unknown length".to_owned()));
        }
        let length = request.header("content-length").unwrap_or("0").parse().unwrap_or(usize::MAX);
        if length > LONGEST_BODY {
            return Err(invalid(format!("a body of {length} bytes")));
        }
        request.body.resize(length, 0);
        connection.read_exact(&mut request.body).await?;
        Ok(Some(request))
    }

    /// Hands it on to the endpoint as it is, but for its body; the endpoint's answer.
    ///
    /// # Errors
    /// When the endpoint does not answer.
    pub async fn forward(
        &self,
        client: &reqwest::Client,
        endpoint: &str,
        body: Vec<u8>,
    ) -> Result<Answer, reqwest::Error> {
        let method = self.method.parse().expect("a method");
        let mut call = client.request(method, format!("{endpoint}{}", self.path)).body(body);
        for (name, value) in self.headers.iter().filter(|(name, _)| !is_of_the_connection(name)) {
            call = call.header(name, value);
        }
        let answer = call.send().await?;
        let headers = answer.headers().iter();
        let headers = headers.filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())));
        let (status, headers) = (answer.status().as_u16(), headers.collect());
        Ok(Answer { status, headers, body: answer.bytes().await?.to_vec() })
    }
}

impl Answer {
    /// An error as AWS's JSON protocols write it.
    ///
    /// <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html#operation-error-serialization>
    pub fn error(status: u16, code: &str, mut fields: Value) -> Self {
        fields["__type"] = code.into();
        let kind = ("x-amzn-errortype".to_owned(), code.to_owned());
        let json = Self::json(&fields);
        Self { status, headers: [json.headers, vec![kind]].concat(), ..json }
    }

    /// A success with a JSON body.
    pub fn json(body: &Value) -> Self {
        let headers = vec![("content-type".to_owned(), "application/x-amz-json-1.1".to_owned())];
        Self { status: 200, headers, body: body.to_string().into_bytes() }
    }

    /// Writes it, and leaves the connection open.
    ///
    /// # Errors
    /// When the client does not take it.
    pub async fn write(&self, connection: &mut Connection) -> io::Result<()> {
        let mut head = format!("HTTP/1.1 {} -\r\ncontent-length: {}\r\n", self.status, self.body.len());
        for (name, value) in self.headers.iter().filter(|(name, _)| !is_of_the_connection(name)) {
            head.extend([name, ": ", value, "\r\n"]);
        }
        head.push_str("\r\n");
        // One write: two would wait for each other's acknowledgement.
        connection.get_mut().write_all(&[head.as_bytes(), &self.body].concat()).await
    }
}

/// Such a header must not be passed on.
pub fn is_of_the_connection(name: &str) -> bool {
    OF_THE_CONNECTION.iter().any(|own| name.eq_ignore_ascii_case(own))
}

async fn line(connection: &mut Connection) -> io::Result<Option<String>> {
    let mut line = String::new();
    let length = connection.read_line(&mut line).await?;
    Ok((length > 0).then(|| line.trim_end().to_owned()))
}

fn invalid(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
