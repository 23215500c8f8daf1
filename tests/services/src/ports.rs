//! Ports of this machine that are free.

use std::net::TcpListener;

use anyhow::{Context as _, Result};

/// How often a start is tried where another process was faster to take a port.
const TRIES: u32 = 3;

/// Ports that are free now.
pub fn free<const COUNT: usize>() -> Result<[u16; COUNT]> {
    // All held before one is let go, so that they differ.
    let listeners = [(); COUNT].map(|()| TcpListener::bind("127.0.0.1:0"));
    let mut ports = [0; COUNT];
    for (port, listener) in ports.iter_mut().zip(&listeners) {
        let listener = listener.as_ref().map_err(|e| anyhow::anyhow!("VG0904: no port is free: {e}"))?;
        *port = listener.local_addr()?.port();
    }
    Ok(ports)
}

/// Whether a port is free now.
pub fn is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}

/// Starts something on ports that are free, once more where another process was faster to take one.
pub fn retry<T>(start: impl Fn() -> Result<T>) -> Result<T> {
    let mut last = None;
    for _ in 0..TRIES {
        match start() {
            Err(error) if is_taken(&error) => last = Some(error),
            result => return result,
        }
    }
    Err(last.context("VG0904: no start was tried")?)
}

/// Whether that is what a server has said at its end.
fn is_taken(error: &anyhow::Error) -> bool {
    // The last: MinIO's words.
    let words = ["Address already in use", "address already in use", "Specified port is already in use"];
    words.iter().any(|words| error.to_string().contains(words))
}
