//! The side of the Lambda Runtime API that the service plays: one event is given out, one answer is taken.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

/// A Runtime API on a free port. Its threads end with the test's process.
pub(crate) struct RuntimeApi {
    address: SocketAddr,
    answers: Receiver<String>,
}

impl RuntimeApi {
    /// Gives `event` to every function that asks for its next one.
    pub(crate) fn start(event: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (answered, answers) = channel();
        thread::spawn(move || {
            for connection in listener.incoming() {
                let answered = answered.clone();
                thread::spawn(move || serve(&connection.unwrap(), event, &answered));
            }
        });
        Self { address, answers }
    }

    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// The first answer to an event, a reported error included, if one comes in time.
    pub(crate) fn answer(&self, within: Duration) -> Option<String> {
        self.answers.recv_timeout(within).ok()
    }
}

/// Serves the requests of one connection until the function closes it.
fn serve(connection: &TcpStream, event: &str, answered: &Sender<String>) {
    let mut reader = BufReader::new(connection);
    while let Some((line, body)) = request(&mut reader) {
        let (status, headers, answer) = if line.starts_with("GET") {
            let ids = "lambda-runtime-aws-request-id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd\r\n\
                lambda-runtime-deadline-ms: 4102444800000\r\n\
                lambda-runtime-invoked-function-arn: arn:aws:lambda:eu-west-1:000000000000:function:post-confirmation\r\n\
                content-type: application/json\r\n";
            ("200 OK", ids, event)
        } else {
            // The test may have its answer already and be gone.
            if answered.send(body).is_err() {
                return;
            }
            ("202 Accepted", "", "")
        };
        let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n", answer.len());
        let mut writer = connection;
        if writer.write_all(format!("{head}{answer}").as_bytes()).is_err() {
            return;
        }
    }
}

/// The next request's first line and body, `None` at the end of the connection.
fn request(reader: &mut BufReader<&TcpStream>) -> Option<(String, String)> {
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim().is_empty() {
            break;
        }
        head.push(line.to_ascii_lowercase());
    }
    let length = head.iter().find_map(|line| line.strip_prefix("content-length:"));
    let length = length.map_or(0, |text| text.trim().parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let line = head.first()?.to_ascii_uppercase();
    Some((line, String::from_utf8(body).unwrap()))
}
