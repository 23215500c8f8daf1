//! A server that answers as it is told.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

/// What was asked: method and path, and the body.
pub type Asked = (String, String);
/// In place of a status: 200, but after two more were asked on this path, and 500 where that does not come.
pub const LATE: u16 = 0;
type Answers = dyn FnMut(&str, &str) -> Option<(u16, String)> + Send;

/// A server; its thread ends when the last connection does.
pub struct Stub {
    pub url: String,
    pub asked: Arc<Mutex<Vec<Asked>>>,
    _stop: mpsc::Sender<()>,
}

impl Stub {
    /// Answers with a status and a body; with nothing it closes the connection.
    pub fn new(answers: impl FnMut(&str, &str) -> Option<(u16, String)> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (stop, stopped) = mpsc::channel::<()>();
        let answers: Arc<Mutex<Box<Answers>>> = Arc::new(Mutex::new(Box::new(answers)));
        let log = asked.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.try_recv() == Err(mpsc::TryRecvError::Disconnected) {
                    return;
                }
                let (answers, log) = (answers.clone(), log.clone());
                std::thread::spawn(move || while talk(&stream, &answers, &log).is_some() {});
                fn talk(
                    stream: &std::io::Result<TcpStream>,
                    answers: &Mutex<Box<Answers>>,
                    log: &Mutex<Vec<Asked>>,
                ) -> Option<()> {
                    let stream = stream.as_ref().ok()?;
                    let (what, body) = request(stream)?;
                    let answer = (answers.lock().unwrap())(&what, &body);
                    log.lock().unwrap().push((what.clone(), body));
                    let (mut status, body) = answer?;
                    if status == LATE {
                        status = if is_asked_on(log, &what) { 200 } else { 500 };
                    }
                    let head =
                        format!("HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: ");
                    let mut stream = stream;
                    stream.write_all(format!("{head}{}\r\n\r\n{body}", body.len()).as_bytes()).ok()
                }
            }
        });
        Self { url, asked, _stop: stop }
    }

    /// What was asked with a path that has a text.
    pub fn asked(&self, text: &str) -> Vec<Asked> {
        self.asked.lock().unwrap().iter().filter(|(what, _)| what.contains(text)).cloned().collect()
    }
}

/// Whether two more are asked on a path in some seconds.
fn is_asked_on(log: &Mutex<Vec<Asked>>, path: &str) -> bool {
    let asked = || log.lock().unwrap().iter().filter(|(what, _)| what == path).count();
    let (before, start) = (asked(), Instant::now());
    while asked() < before + 2 {
        if start.elapsed() > Duration::from_secs(5) {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    true
}

fn request(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let (mut what, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if what.is_empty() {
            what = line.trim_end_matches(" HTTP/1.1").into();
        } else if let Some((_, value)) =
            line.split_once(": ").filter(|(n, _)| n.eq_ignore_ascii_case("content-length"))
        {
            length = value.parse().ok()?;
        } else if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((what, String::from_utf8(body).ok()?))
}
