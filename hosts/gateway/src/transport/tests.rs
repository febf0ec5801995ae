//! Wires to a vendor that answers by script: each connection in turn, each request in turn.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use reins_flight::{Transport as _, TransportError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};

use super::Transport;

const ANSWER: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const STREAM: &str =
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n";

/// What the vendor does with its connections: the answers it gives before it closes each.
type Script = &'static [&'static [&'static str]];

/// A vendor, and what it was asked: the number of the connection, and the request's head.
struct Vendor {
    address: String,
    asked: mpsc::UnboundedReceiver<(usize, String)>,
    closed: mpsc::UnboundedReceiver<()>,
}

impl Vendor {
    async fn with(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (tell_asked, asked) = mpsc::unbounded_channel();
        let (tell_closed, closed) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            for (number, answers) in script.iter().enumerate() {
                let (mut stream, _) = listener.accept().await.unwrap();
                for answer in *answers {
                    tell_asked.send((number, head(&mut stream).await)).unwrap();
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
                drop(stream);
                tell_closed.send(()).unwrap();
            }
        });
        Self { address, asked, closed }
    }

    fn request(&self) -> Request<Full<Bytes>> {
        Request::post(format!("{}/v1/x?y=1", self.address)).body(Full::default()).unwrap()
    }

    async fn asked_on(&mut self) -> usize {
        self.asked.recv().await.unwrap().0
    }
}

async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// A pool with room for so many idle connections.
fn with_room(idle: usize) -> Transport {
    Transport::new(Duration::from_secs(1), true, Arc::new(Semaphore::new(idle))).unwrap()
}

fn transport() -> Transport {
    with_room(8)
}

async fn ask(transport: &Transport, vendor: &Vendor) -> Result<Bytes, TransportError> {
    let answer = transport.send(vendor.request()).await?;
    let body = answer.into_body().collect().await;
    body.map(|body| body.to_bytes()).map_err(|error| TransportError::Broken(error.to_string()))
}

#[tokio::test]
async fn calls_one_after_another_share_a_connection() {
    let mut vendor = Vendor::with(&[&[ANSWER, STREAM, ANSWER]]).await;
    let transport = transport();
    for expected in ["ok", "ab", "ok"] {
        assert_eq!(ask(&transport, &vendor).await.unwrap(), expected);
        assert_eq!(vendor.asked_on().await, 0);
    }
}

#[tokio::test]
async fn a_connection_for_which_there_is_no_room_is_closed() {
    let mut vendor = Vendor::with(&[&[ANSWER], &[ANSWER]]).await;
    let transport = with_room(0);
    for expected in [0, 1] {
        ask(&transport, &vendor).await.unwrap();
        assert_eq!(vendor.asked_on().await, expected);
    }
}

#[tokio::test]
async fn a_request_names_the_vendor_and_the_path() {
    let mut vendor = Vendor::with(&[&[ANSWER]]).await;
    ask(&transport(), &vendor).await.unwrap();
    let (_, head) = vendor.asked.recv().await.unwrap();
    let host = vendor.address.trim_start_matches("http://");
    assert!(head.starts_with("POST /v1/x?y=1 HTTP/1.1\r\n"), "{head}");
    assert!(head.contains(&format!("host: {host}\r\n")), "{head}");
}

#[tokio::test]
async fn a_connection_that_the_vendor_closed_is_replaced() {
    let mut vendor = Vendor::with(&[&[ANSWER], &[ANSWER]]).await;
    let transport = transport();
    ask(&transport, &vendor).await.unwrap();
    vendor.closed.recv().await.unwrap();
    ask(&transport, &vendor).await.unwrap();
    assert_eq!((vendor.asked_on().await, vendor.asked_on().await), (0, 1));
}

#[tokio::test]
async fn an_answer_that_is_not_read_takes_its_connection_along() {
    let mut vendor = Vendor::with(&[&[STREAM], &[ANSWER]]).await;
    let transport = transport();
    drop(transport.send(vendor.request()).await.unwrap());
    ask(&transport, &vendor).await.unwrap();
    assert_eq!((vendor.asked_on().await, vendor.asked_on().await), (0, 1));
}

#[tokio::test]
async fn what_was_sent_and_not_answered_is_broken() {
    let vendor = Vendor::with(&[&[""]]).await;
    let answer = ask(&transport(), &vendor).await;
    assert!(matches!(answer, Err(TransportError::Broken(_))), "{answer:?}");
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_broken() {
    let vendor = Vendor::with(&[&["HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"]]).await;
    let answer = ask(&transport(), &vendor).await;
    assert!(matches!(answer, Err(TransportError::Broken(_))), "{answer:?}");
}

#[tokio::test]
async fn nobody_there_is_not_connected() {
    let mut vendor = Vendor::with(&[]).await;
    // The vendor's task ends, and its listener with it.
    assert_eq!(vendor.closed.recv().await, None);
    let answer = ask(&transport(), &vendor).await;
    assert!(matches!(answer, Err(TransportError::NotConnected(_))), "{answer:?}");
}
