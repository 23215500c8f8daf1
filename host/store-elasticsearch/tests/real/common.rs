//! What the tests of all stores use.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::OnceLock;
use std::time::Duration;

use ::services::{OpenSearch, Tls};

use crate::certificates::Authority;

/// The longest wait for an answer of a server that is well.
const PATIENCE: Duration = Duration::from_secs(60);

/// Who signs all certificates of a run.
pub fn authority() -> &'static Authority {
    static AUTHORITY: OnceLock<Authority> = OnceLock::new();
    AUTHORITY.get_or_init(|| Authority::new("authority"))
}

/// What servers on this machine show.
pub fn tls() -> &'static Tls {
    static TLS: OnceLock<Tls> = OnceLock::new();
    TLS.get_or_init(|| {
        let signed = authority().sign("server", &["127.0.0.1", "localhost"], false);
        let (certificate, key, keystore) = (signed.certificate, signed.key, signed.keystore);
        Tls { certificate, key, keystore, authority: None }
    })
}

/// An OpenSearch of the test's own; none where it is said that there is to be none. It needs a Java that some systems
/// do not have.
pub fn opensearch() -> Option<OpenSearch> {
    let without = std::env::var("VIGIE_TEST_WITHOUT").unwrap_or_default();
    if without.split(',').any(|name| name.trim() == "opensearch") {
        println!("without OpenSearch, as VIGIE_TEST_WITHOUT says");
        return None;
    }
    Some(
        OpenSearch::start().unwrap_or_else(|missing| panic!("{missing:#}; or VIGIE_TEST_WITHOUT=opensearch")),
    )
}

/// A request by HTTP without TLS, with JSON: the status and the answer. An error is one of the connection.
pub fn request(method: &str, url: &str, body: &str) -> std::io::Result<(u16, String)> {
    request_within(PATIENCE, method, url, body)
}

/// The same with another patience.
pub fn request_within(most: Duration, method: &str, url: &str, body: &str) -> std::io::Result<(u16, String)> {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(most))?;
    let length = body.len();
    // Of HTTP 1.0 the answer ends with the connection, and has no pieces.
    write!(
        stream,
        "{method} /{path} HTTP/1.0\r\nHost: {host}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Ok((status, body.to_owned()))
}
