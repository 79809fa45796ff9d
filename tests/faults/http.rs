//! Just as much HTTP/1.1 as the SDK speaks to an endpoint, on bare sockets: a fault must be able to cut a connection in
//! the midst of a call, which HTTP servers are made not to do.

use std::io;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// A request or an answer carries at most this much; DynamoDB's transactions of 4 MB are the largest.
const LONGEST_BODY: usize = 8 << 20;

/// A request of the SDK.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// An answer to it.
#[derive(Debug)]
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

    /// The next request on a connection; none when the client has closed it.
    pub(crate) async fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Self>> {
        let Some(first) = line(stream).await? else {
            return Ok(None);
        };
        let mut words = first.split(' ').map(str::to_owned);
        let (Some(method), Some(path)) = (words.next(), words.next()) else {
            return Err(invalid(format!("no request line: {first}")));
        };
        let mut headers = Vec::new();
        while let Some(line) = line(stream).await?.filter(|line| !line.is_empty()) {
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
        stream.read_exact(&mut request.body).await?;
        Ok(Some(request))
    }
}

impl Answer {
    /// An error as AWS's JSON protocols write it.
    ///
    /// <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html#operation-error-serialization>
    pub(crate) fn error(status: u16, code: &str, mut fields: serde_json::Value) -> Self {
        fields["__type"] = code.into();
        let headers = vec![
            ("content-type".to_owned(), "application/x-amz-json-1.1".to_owned()),
            ("x-amzn-errortype".to_owned(), code.to_owned()),
        ];
        Self { status, headers, body: fields.to_string().into_bytes() }
    }

    /// A success with a JSON body.
    pub(crate) fn json(body: &serde_json::Value) -> Self {
        let headers = vec![("content-type".to_owned(), "application/x-amz-json-1.1".to_owned())];
        Self { status: 200, headers, body: body.to_string().into_bytes() }
    }

    /// Writes it, and leaves the connection open.
    pub(crate) async fn write(&self, stream: &mut TcpStream) -> io::Result<()> {
        let mut head = format!("HTTP/1.1 {} -\r\ncontent-length: {}\r\n", self.status, self.body.len());
        for (name, value) in &self.headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        head.push_str("\r\n");
        // One write: two would wait for each other's acknowledgement.
        let whole = [head.as_bytes(), &self.body].concat();
        stream.write_all(&whole).await
    }
}

/// Headers that speak of one connection alone.
pub(crate) fn of_the_connection(name: &str) -> bool {
    ["connection", "content-length", "keep-alive", "transfer-encoding"].iter().any(|own| name.eq_ignore_ascii_case(own))
}

async fn line(stream: &mut BufReader<TcpStream>) -> io::Result<Option<String>> {
    let mut line = String::new();
    let length = stream.read_line(&mut line).await?;
    Ok((length > 0).then(|| line.trim_end().to_owned()))
}

fn invalid(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
