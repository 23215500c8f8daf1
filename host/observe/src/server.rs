//! HTTP, as little of it as a scraper needs: a GET of one of three paths, an answer, and the connection is closed.
//!
//! A request is bounded in size and time, and so is the number of connections; each has a thread of its own, so
//! that one that is slow holds up no other.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::{Error, Observed};

/// Most bytes of a request up to its end; a body is not read.
const MOST_REQUEST_BYTES: usize = 8 << 10;
/// Most headers of a request.
const MOST_HEADERS: usize = 64;
/// Longest time of a connection.
const MOST_TIME: Duration = Duration::from_secs(5);
/// Most connections at a time; more are closed at once.
const MOST_CONNECTIONS: usize = 8;
/// After a connection that could not be accepted, as when there are too many open files.
const PAUSE: Duration = Duration::from_millis(100);

const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// An answer: status line, content type, body.
type Answer = (&'static str, &'static str, String);

/// Serves `/metrics`, `/healthz` and `/readyz` at an address until the process ends. Gives the address, with
/// the port that was chosen where it was 0.
///
/// # Errors
/// [`Error::Bind`].
pub fn serve(address: SocketAddr, observed: Observed) -> Result<SocketAddr, Error> {
    let bind = |why| Error::Bind { address, why };
    let listener = TcpListener::bind(address).map_err(bind)?;
    let bound = listener.local_addr().map_err(bind)?;
    let accept = move || accept(&listener, &Arc::new(observed));
    std::thread::Builder::new().name("observe".into()).spawn(accept).map_err(bind)?;
    Ok(bound)
}

fn accept(listener: &TcpListener, observed: &Arc<Observed>) {
    let open = Arc::new(AtomicUsize::new(0));
    for connection in listener.incoming() {
        let Ok(connection) = connection else {
            std::thread::sleep(PAUSE);
            continue;
        };
        let slot = Slot::take(&open);
        if slot.is_full() {
            continue;
        }
        let observed = observed.clone();
        let answer = move || {
            let _slot = slot;
            // Who asked has gone away, or was too slow: there is nobody to tell.
            let _ = converse(connection, &observed, MOST_TIME);
        };
        // Without a thread the connection is closed, as where there are too many.
        let _ = std::thread::Builder::new().name("observe".into()).spawn(answer);
    }
}

/// One of the connections at a time.
struct Slot {
    open: Arc<AtomicUsize>,
    before: usize,
}

impl Slot {
    fn take(open: &Arc<AtomicUsize>) -> Self {
        Self { open: open.clone(), before: open.fetch_add(1, Ordering::SeqCst) }
    }

    fn is_full(&self) -> bool {
        self.before >= MOST_CONNECTIONS
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::SeqCst);
    }
}

fn converse(mut connection: TcpStream, observed: &Observed, most: Duration) -> std::io::Result<()> {
    let end = Instant::now() + most;
    let (status, content_type, body) = match request(&mut connection, end)? {
        Some(path) => answer(&path, observed),
        None => ("400 Bad Request", TEXT, "this is no request that is answered here\n".into()),
    };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\
         Cache-Control: no-store\r\nConnection: close\r\n\r\n"
    );
    let answer = head + &body;
    let mut rest = answer.as_bytes();
    while !rest.is_empty() {
        connection.set_write_timeout(Some(left(end)?))?;
        let written = connection.write(rest)?;
        rest = rest.get(written..).unwrap_or_default();
    }
    connection.shutdown(Shutdown::Write)
}

/// What is left of the time.
fn left(end: Instant) -> std::io::Result<Duration> {
    let left = end.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(std::io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}

/// The path of a GET, empty for another method; none: it is no request, or too large.
fn request(connection: &mut TcpStream, end: Instant) -> std::io::Result<Option<String>> {
    let mut bytes = [0; MOST_REQUEST_BYTES];
    let mut filled = 0;
    loop {
        connection.set_read_timeout(Some(left(end)?))?;
        let more = connection.read(bytes.get_mut(filled..).unwrap_or_default())?;
        filled += more;
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(bytes.get(..filled).unwrap_or_default()) {
            Ok(httparse::Status::Complete(_)) => {
                let path = request.path.filter(|_| request.method == Some("GET"));
                return Ok(Some(path.unwrap_or_default().into()));
            }
            Ok(httparse::Status::Partial) if more > 0 && filled < bytes.len() => {}
            _ => return Ok(None),
        }
    }
}

fn answer(path: &str, observed: &Observed) -> Answer {
    let verdict = |wrong: String| match wrong.is_empty() {
        true => ("200 OK", TEXT, "ok\n".into()),
        false => ("503 Service Unavailable", TEXT, wrong),
    };
    match path {
        "/metrics" => match observed.text() {
            Ok(text) => ("200 OK", METRICS, text),
            Err(_) => ("500 Internal Server Error", TEXT, "the metrics cannot be written\n".into()),
        },
        "/healthz" => verdict(observed.health.stopped()),
        "/readyz" => verdict(observed.health.missing()),
        _ => ("404 Not Found", TEXT, "there are /metrics, /healthz and /readyz\n".into()),
    }
}

#[cfg(test)]
mod tests;
