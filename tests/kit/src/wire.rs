//! The part of HTTP/1.1 that the tests need.

use std::io::{BufRead, Write};
use std::net::TcpStream;

pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// The operation in the header `x-amz-target` of AWS's JSON protocols.
    target: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// Reads the next request of a connection; `None` when it is closed.
    pub(crate) fn read(reader: &mut impl BufRead) -> Option<Self> {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let mut words = line.split(' ').map(str::to_owned);
        let (method, path) = (words.next()?, words.next()?);
        let (mut target, mut length) = (None, 0);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(':') else {
                break;
            };
            match name.to_lowercase().as_str() {
                "x-amz-target" => target = value.rsplit_once('.').map(|(_, operation)| operation.to_owned()),
                "content-length" => length = value.trim().parse().unwrap(),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        Some(Self { method, path, target, body })
    }

    pub(crate) fn operation(&self) -> String {
        let (path, query) = self.path.split_once('?').unwrap_or((&self.path, ""));
        let id = query.split('&').find_map(|pair| pair.strip_prefix("x-id="));
        match (&self.target, id) {
            (Some(operation), _) => operation.clone(),
            (None, Some(operation)) => operation.to_owned(),
            (None, None) if path == "/v2/email/outbound-emails" => "SendEmail".to_owned(),
            (None, None) => format!("{} {}", self.method, self.path),
        }
    }
}

/// Sends a response. If the function has ended already, the test sees it in the result.
pub(crate) fn respond(mut stream: &TcpStream, status: u16, body: &str) {
    let head = format!(
        "HTTP/1.1 {status} -\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         lambda-runtime-aws-request-id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd\r\n\
         lambda-runtime-deadline-ms: 4102444800000\r\n\
         lambda-runtime-invoked-function-arn: arn:aws:lambda:eu-west-1:123456789012:function:tested\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).ok();
}
