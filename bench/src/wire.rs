//! Just as much HTTP/1.1 as Lambda's runtime and the SDK speak to an endpoint.
//!
//! On bare sockets, so that what is timed is the function and not a server library, and no thread stands in between.

use std::io;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// Lambda's largest payload, with room to spare.
const LONGEST_BODY: usize = 8 << 20;

/// Headers that speak of one connection alone.
const OF_THE_CONNECTION: [&str; 4] = ["connection", "content-length", "keep-alive", "transfer-encoding"];

/// A connection of a client that may send many requests.
pub(crate) type Connection = BufReader<TcpStream>;

/// A request.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// A header's value; names count in any case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The next request of a connection; none when the client has closed it.
    pub(crate) async fn read(connection: &mut Connection) -> io::Result<Option<Self>> {
        let first = line(connection).await?;
        if first.is_empty() {
            return Ok(None);
        }
        let mut words = first.split(' ').map(str::to_owned);
        let (Some(method), Some(path)) = (words.next(), words.next()) else {
            return Err(invalid(format!("no request line: {first}")));
        };
        let mut headers = Vec::new();
        loop {
            let line = line(connection).await?;
            if line.is_empty() {
                break;
            }
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
}

impl Answer {
    /// Writes it, and leaves the connection open.
    pub(crate) async fn write(&self, connection: &mut Connection) -> io::Result<()> {
        let mut head = format!("HTTP/1.1 {} -\r\ncontent-length: {}\r\n", self.status, self.body.len());
        for (name, value) in self.headers.iter().filter(|(name, _)| !is_of_the_connection(name)) {
            head.extend([name, ": ", value, "\r\n"]);
        }
        head.push_str("\r\n");
        // One write: two would wait for each other's acknowledgement.
        connection.get_mut().write_all(&[head.as_bytes(), &self.body].concat()).await
    }
}

/// Whether a header must not be passed on.
pub(crate) fn is_of_the_connection(name: &str) -> bool {
    OF_THE_CONNECTION.iter().any(|own| name.eq_ignore_ascii_case(own))
}

async fn line(connection: &mut Connection) -> io::Result<String> {
    let mut line = String::new();
    connection.read_line(&mut line).await?;
    line.truncate(line.trim_end().len());
    Ok(line)
}

fn invalid(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
