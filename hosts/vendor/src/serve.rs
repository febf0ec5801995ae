//! The vendor as a server: the accept loop, one task for each connection, and the way to stop.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::books::Books;
use crate::desk::Desk;
use crate::hangup::HangUp;
use crate::options::Options;
use crate::route;

/// How long calls may still run once the vendor is asked to stop; a hanging one would never end.
const GRACE: Duration = Duration::from_secs(2);
/// The wait after a failed accept (no file descriptor left), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// A running vendor. Dropping it stops accepting; [`Vendor::stop`] also waits for the calls.
#[derive(Debug)]
pub struct Vendor {
    address: SocketAddr,
    books: Arc<Books>,
    stop: watch::Sender<bool>,
}

/// Serves on a listener, in tasks of the current tokio runtime.
///
/// # Errors
/// When the listener has no address.
pub fn serve(listener: TcpListener, options: Options) -> io::Result<Vendor> {
    let address = listener.local_addr()?;
    let desk = Arc::new(Desk::new(options));
    let books = Arc::clone(&desk.books);
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(accept(listener, desk, stopped));
    Ok(Vendor { address, books, stop })
}

impl Vendor {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its books.
    #[must_use]
    pub fn books(&self) -> &Arc<Books> {
        &self.books
    }

    /// Stops: no new connection, idle ones closed, running calls given two seconds.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        self.stop.closed().await;
    }
}

async fn accept(listener: TcpListener, desk: Arc<Desk>, mut stopped: watch::Receiver<bool>) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = asked_to_stop(&mut stopped) => return,
        };
        match accepted {
            Ok((stream, _)) => {
                tokio::spawn(converse(stream, Arc::clone(&desk), stopped.clone()));
            }
            Err(_) => sleep(ACCEPT_PAUSE).await,
        }
    }
}

async fn converse(stream: TcpStream, desk: Arc<Desk>, mut stopped: watch::Receiver<bool>) {
    // WHY: with Nagle's algorithm each event of a stream waits for the last one's acknowledgement.
    // If it cannot be set, the connection is gone, and the next read says so.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| route::answer(Arc::clone(&desk), request));
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let ended = tokio::select! {
        ended = &mut connection => Some(ended),
        () = asked_to_stop(&mut stopped) => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            Pin::new(&mut connection).graceful_shutdown();
            timeout(GRACE, &mut connection).await.unwrap_or(Ok(()))
        }
    };
    if ended.is_err_and(|error| HangUp::wants_reset(&error)) {
        // Closing with nothing left to linger for sends RST in place of FIN.
        let _ = connection.into_parts().io.into_inner().set_zero_linger();
    }
}

/// Returns when the vendor is stopped or dropped.
async fn asked_to_stop(stopped: &mut watch::Receiver<bool>) {
    // An error says that the handle is gone, which means the same.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}
