//! Clients that have forgotten their brokers.
//!
//! A broker that has just started may say of a topic that there are no brokers, not even itself. The client library then
//! forgets all brokers, also those that it was given to begin with, and looks for none again (librdkafka's issue 5301, since
//! 2.10). Nothing that is asked of such a client is answered, and a member of a group hears no more of it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::ffi::CString;
use std::time::{Duration, Instant};

use log::Error;
use rdkafka::bindings::{rd_kafka_brokers_add, rd_kafka_brokers_learned_ids, rd_kafka_mem_free, rd_kafka_t};

/// How often clients are looked at.
const EVERY: Duration = Duration::from_secs(2);

/// Gives clients the brokers to begin with once more.
pub struct Reminder {
    brokers: CString,
    next: Cell<Instant>,
    /// Clients that know brokers, by address: one that does not may not have looked for any yet.
    knowing: RefCell<BTreeSet<usize>>,
}

impl Reminder {
    /// `brokers`: to begin with, as `host:port` with commas between them.
    pub fn new(brokers: &str) -> Result<Self, Error> {
        let brokers =
            CString::new(brokers).map_err(|_| Error::Io("a broker's name has a zero byte".into()))?;
        Ok(Self { brokers, next: Cell::new(Instant::now()), knowing: RefCell::default() })
    }

    /// Whether clients are to be looked at now; then not again for a while.
    pub fn is_due(&self) -> bool {
        let now = Instant::now();
        let is_due = now >= self.next.get();
        if is_due {
            self.next.set(now + EVERY);
        }
        is_due
    }

    /// Looks at a client, which lives; whether it had forgotten its brokers.
    #[allow(unsafe_code)]
    pub fn look(&self, client: *mut rd_kafka_t) -> bool {
        let mut count = 0;
        // SAFETY: the client lives; the list that it allocates is given back at once and not read.
        unsafe {
            let brokers = rd_kafka_brokers_learned_ids(client, &raw mut count);
            rd_kafka_mem_free(client, brokers.cast());
        }
        let mut knowing = self.knowing.borrow_mut();
        if count > 0 {
            knowing.insert(client.addr());
            return false;
        }
        // Once only: it goes on asking those that it is given now until they tell it of some.
        let has_forgotten = knowing.remove(&client.addr());
        if has_forgotten {
            // SAFETY: the client lives, and copies the text, which ends with a zero byte.
            unsafe { rd_kafka_brokers_add(client, self.brokers.as_ptr()) };
        }
        has_forgotten
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use rdkafka::ClientConfig;
    use rdkafka::consumer::{BaseConsumer, Consumer as _};

    use super::*;

    /// Keys of requests in Kafka's protocol, and of `UNSUPPORTED_VERSION`.
    const METADATA: i16 = 3;
    const API_VERSIONS: i16 = 18;
    const UNSUPPORTED: i16 = 35;
    const NOT_AVAILABLE: i16 = 5;
    const ANSWER: Duration = Duration::from_secs(2);

    fn text(out: &mut Vec<u8>, text: &str) {
        out.extend((text.len() as i16).to_be_bytes());
        out.extend(text.as_bytes());
    }

    /// Which versions there are of what this broker answers, in version 0 of the answer.
    fn versions(asked: i16) -> Vec<u8> {
        let error: i16 = if asked > 0 { UNSUPPORTED } else { 0 };
        let mut out = error.to_be_bytes().to_vec();
        out.extend(2_i32.to_be_bytes());
        for [key, least, most] in [[METADATA, 0, 4], [API_VERSIONS, 0, 0]] {
            [key, least, most].iter().for_each(|number| out.extend(number.to_be_bytes()));
        }
        out
    }

    /// Version 4: this broker or none, and a topic without partitions.
    fn metadata(port: u16, is_starting: bool) -> Vec<u8> {
        let mut out = 0_i32.to_be_bytes().to_vec();
        out.extend(i32::from(!is_starting).to_be_bytes());
        if !is_starting {
            out.extend(1_i32.to_be_bytes());
            text(&mut out, "127.0.0.1");
            out.extend(i32::from(port).to_be_bytes());
            out.extend((-1_i16).to_be_bytes());
        }
        text(&mut out, "cluster");
        out.extend(1_i32.to_be_bytes());
        out.extend(1_i32.to_be_bytes());
        out.extend(NOT_AVAILABLE.to_be_bytes());
        text(&mut out, "topic");
        out.push(0);
        out.extend(0_i32.to_be_bytes());
        out
    }

    fn serve(mut stream: TcpStream, port: u16, is_starting: &AtomicBool) -> std::io::Result<()> {
        loop {
            let mut size = [0; 4];
            stream.read_exact(&mut size)?;
            let mut request = vec![0; usize::try_from(i32::from_be_bytes(size)).unwrap()];
            stream.read_exact(&mut request)?;
            let number = |at: usize| i16::from_be_bytes([request[at], request[at + 1]]);
            let body = match number(0) {
                API_VERSIONS => versions(number(2)),
                METADATA => metadata(port, is_starting.load(Ordering::SeqCst)),
                other => panic!("request {other} was not offered"),
            };
            let mut answer = ((body.len() + 4) as i32).to_be_bytes().to_vec();
            answer.extend(&request[4..8]);
            answer.extend(body);
            stream.write_all(&answer)?;
        }
    }

    /// No broker answers so when it is asked to. Where the second look finds brokers the library has mended it.
    #[test]
    fn a_client_that_has_forgotten_its_brokers_is_reminded() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let is_starting = Arc::new(AtomicBool::new(false));
        let shared = is_starting.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = shared.clone();
                std::thread::spawn(move || serve(stream.unwrap(), port, &shared));
            }
        });
        let brokers = format!("127.0.0.1:{port}");
        let consumer: BaseConsumer = ClientConfig::new().set("bootstrap.servers", &brokers).create().unwrap();
        let brokers_known =
            || consumer.fetch_metadata(Some("topic"), ANSWER).map(|found| found.brokers().len());
        let reminder = Reminder::new(&brokers).unwrap();
        let client = consumer.client().native_ptr();
        assert!(!reminder.look(client), "it has not looked for any yet");
        assert_eq!(brokers_known().unwrap(), 1);
        assert!(!reminder.look(client));

        is_starting.store(true, Ordering::SeqCst);
        for n in 0..6 {
            println!("{n} {:?}", brokers_known());
            std::thread::sleep(Duration::from_millis(300));
        }
        is_starting.store(false, Ordering::SeqCst);
        for n in 0..3 {
            println!("after {n} {:?}", brokers_known());
        }
        assert!(brokers_known().is_err());
        assert!(reminder.look(client) && !reminder.look(client));
        let start = Instant::now();
        while brokers_known().is_err() {
            assert!(start.elapsed() < Duration::from_secs(30), "it does not find them again");
        }
        assert!(!reminder.look(client));
    }
}
