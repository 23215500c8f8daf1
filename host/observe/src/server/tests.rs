use super::*;

fn start() -> (SocketAddr, Observed) {
    let observed = Observed::new(1, 1);
    (serve("127.0.0.1:0".parse().unwrap(), observed.clone()).unwrap(), observed)
}

/// What comes back for these bytes.
fn say(address: SocketAddr, bytes: &[u8]) -> String {
    let mut connection = TcpStream::connect(address).unwrap();
    connection.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    connection.write_all(bytes).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer
}

fn get(address: SocketAddr, path: &str) -> String {
    say(address, format!("GET {path} HTTP/1.1\r\nHost: vigie\r\n\r\n").as_bytes())
}

#[test]
fn three_paths_are_answered_and_nothing_else() {
    let (address, observed) = start();
    let metrics = get(address, "/metrics");
    assert!(
        metrics.starts_with("HTTP/1.1 200 OK\r\nContent-Type: application/openmetrics-text;"),
        "{metrics}"
    );
    assert!(metrics.contains("vigie_partitions_assigned{worker=\"0\"} 0\n"), "{metrics}");
    assert!(metrics.ends_with("# EOF\n"), "{metrics}");
    assert!(get(address, "/healthz").starts_with("HTTP/1.1 200 OK"));
    let not_ready = get(address, "/readyz");
    assert!(not_ready.starts_with("HTTP/1.1 503") && not_ready.contains("worker 0: its last turn"));
    observed.health.worker(0).unwrap().end(true);
    observed.health.delivery(0).unwrap().end(true);
    assert!(get(address, "/readyz").starts_with("HTTP/1.1 200 OK"));
    for path in ["/", "/metrics/", "/metrics?x", "/../metrics", "http://vigie/metrics"] {
        assert!(get(address, path).starts_with("HTTP/1.1 404"), "{path}");
    }
    for method in ["POST", "HEAD", "DELETE"] {
        let answer = say(address, format!("{method} /metrics HTTP/1.1\r\n\r\n").as_bytes());
        assert!(answer.starts_with("HTTP/1.1 404"), "{method}: {answer}");
    }
}

#[test]
fn what_is_no_request_or_too_large_is_refused() {
    let (address, _) = start();
    assert!(say(address, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03").starts_with("HTTP/1.1 400"));
    assert!(say(address, b"GET /metrics\r\n\r\n").starts_with("HTTP/1.1 400"));
    // Exactly as much as is read, so that nothing unread resets the connection.
    let mut large = b"GET /metrics HTTP/1.1\r\nX: ".to_vec();
    large.resize(MOST_REQUEST_BYTES, b'x');
    assert!(say(address, &large).starts_with("HTTP/1.1 400"));
    let many = format!("GET /metrics HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(MOST_HEADERS + 1));
    assert!(say(address, many.as_bytes()).starts_with("HTTP/1.1 400"));
}

#[test]
fn who_is_silent_holds_up_nobody_and_too_many_are_closed() {
    let (address, _) = start();
    let silent: Vec<_> = (1..MOST_CONNECTIONS).map(|_| TcpStream::connect(address).unwrap()).collect();
    assert!(get(address, "/healthz").starts_with("HTTP/1.1 200 OK"), "one is left");
    let last = TcpStream::connect(address).unwrap();
    let mut refused = TcpStream::connect(address).unwrap();
    refused.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    assert_eq!(refused.read(&mut [0; 1]).unwrap(), 0, "it is closed without an answer");
    drop((silent, last));
    let start = Instant::now();
    let answered = || {
        TcpStream::connect(address).is_ok_and(|mut connection| {
            let _ = connection.write_all(b"GET /healthz HTTP/1.1\r\n\r\n");
            let mut answer = String::new();
            connection.read_to_string(&mut answer).is_ok_and(|bytes| bytes > 0)
        })
    };
    while !answered() {
        assert!(start.elapsed() < Duration::from_secs(30), "their places are not given back");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_request_that_never_ends_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (connection, _) = listener.accept().unwrap();
    client.write_all(b"GET /metr").unwrap();
    // Drop by drop, so that no single wait is long.
    let dripping = std::thread::spawn(move || {
        while client.write_all(b"x").is_ok() {
            std::thread::sleep(Duration::from_millis(10));
        }
    });
    let start = Instant::now();
    let ended = converse(connection, &Observed::new(0, 1), Duration::from_millis(300));
    assert!(ended.is_err() && start.elapsed() >= Duration::from_millis(300));
    dripping.join().unwrap();
}

#[test]
fn an_address_that_is_taken_is_an_error_with_a_code() {
    let (address, observed) = start();
    let error = serve(address, observed).unwrap_err().to_string();
    assert!(error.starts_with("VG0035") && error.contains(&address.to_string()), "{error}");
}
