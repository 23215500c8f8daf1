//! Clients that have forgotten their brokers.
//!
//! A broker that has just started may say of a topic that there are no brokers, not even itself. The client library
//! forgets all brokers then, and plans to begin again with those that it was given; but the end of that answer cancels a plan
//! that is made while it is read, and no other is ever made (librdkafka's issues 5301 and 5606, in 2.10 and later). Nothing
//! that is asked of such a client is answered, and a member of a group hears no more of it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ffi::CString;
use std::time::{Duration, Instant};

use log::Error;
use rdkafka::bindings::{rd_kafka_brokers_add, rd_kafka_brokers_learned_ids, rd_kafka_mem_free, rd_kafka_t};
use rdkafka::client::{Client, ClientContext};

/// How often clients are looked at.
const EVERY: Duration = Duration::from_secs(2);
/// Looks in a row at which a client knows no broker until it is reminded: one that is new has not asked yet.
const LOOKS: u32 = 2;
/// And from then to the next reminder. The library keeps each, so that they have to be few.
const LOOKS_AGAIN: u32 = 30;

/// Gives clients of the library that know no broker those to begin with once more. [`crate::KafkaLog`] does so for its
/// own; whoever has other clients of a broker that may be restarted needs one too.
pub struct Reminder {
    brokers: CString,
    next: Cell<Instant>,
    /// Looks in a row at which a client knew no broker, by its address.
    looks: RefCell<BTreeMap<usize, u32>>,
}

impl Reminder {
    /// `brokers`: to begin with, as `host:port` with commas between them.
    ///
    /// # Errors
    /// [`Error::Io`]: no names of brokers.
    pub fn new(brokers: &str) -> Result<Self, Error> {
        let brokers =
            CString::new(brokers).map_err(|_| Error::Io("a broker's name has a zero byte".into()))?;
        Ok(Self { brokers, next: Cell::new(Instant::now()), looks: RefCell::default() })
    }

    /// Whether clients are to be looked at now; then not again for a while.
    #[must_use]
    pub fn is_due(&self) -> bool {
        let now = Instant::now();
        let is_due = now >= self.next.get();
        if is_due {
            self.next.set(now + EVERY);
        }
        is_due
    }

    /// Looks at a client.
    pub fn look<C: ClientContext>(&self, client: &Client<C>) {
        self.look_at(client.native_ptr());
    }

    /// Looks at a client, which lives.
    #[allow(unsafe_code)]
    pub(crate) fn look_at(&self, client: *mut rd_kafka_t) {
        let mut count = 0;
        // SAFETY: the client lives; the list that it allocates is given back at once and not read.
        unsafe {
            let brokers = rd_kafka_brokers_learned_ids(client, &raw mut count);
            rd_kafka_mem_free(client, brokers.cast());
        }
        let mut looks = self.looks.borrow_mut();
        if count > 0 {
            looks.remove(&client.addr());
            return;
        }
        let looks = looks.entry(client.addr()).or_default();
        *looks += 1;
        if *looks >= LOOKS && (*looks - LOOKS).is_multiple_of(LOOKS_AGAIN) {
            // SAFETY: the client lives, and copies the text, which ends with a zero byte.
            unsafe { rd_kafka_brokers_add(client, self.brokers.as_ptr()) };
        }
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

    /// A broker, and whether it says that there is none.
    fn broker() -> (u16, Arc<AtomicBool>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let is_starting = Arc::new(AtomicBool::new(false));
        let shared = is_starting.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = shared.clone();
                // It ends with its client.
                std::thread::spawn(move || serve(stream.unwrap(), port, &shared));
            }
        });
        (port, is_starting)
    }

    /// About one in twenty of the library's clients forgets its brokers here, where it is not reminded.
    #[test]
    fn clients_that_have_forgotten_their_brokers_are_reminded() {
        const ANSWER: Duration = Duration::from_millis(200);
        let (port, is_starting) = broker();
        let brokers = format!("127.0.0.1:{port}");
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &brokers).set("reconnect.backoff.max.ms", "100");
        let clients: Vec<BaseConsumer> = (0..20).map(|_| config.create().unwrap()).collect();
        let knows = |client: &BaseConsumer| {
            client.fetch_metadata(Some("topic"), ANSWER).is_ok_and(|found| found.brokers().len() == 1)
        };
        let together = |ask: &(dyn Fn(&BaseConsumer) -> bool + Sync)| {
            std::thread::scope(|scope| {
                let asked: Vec<_> = clients.iter().map(|client| scope.spawn(move || ask(client))).collect();
                asked.into_iter().map(|asked| asked.join().unwrap()).fold(true, |all, one| all & one)
            })
        };
        let reminder = Reminder::new(&brokers).unwrap();
        for _ in 0..10 {
            is_starting.store(false, Ordering::SeqCst);
            let start = Instant::now();
            loop {
                let all_know = together(&knows);
                clients.iter().for_each(|client| reminder.look(client.client()));
                if all_know {
                    break;
                }
                assert!(start.elapsed() < Duration::from_secs(30), "a client does not find its broker again");
            }
            is_starting.store(true, Ordering::SeqCst);
            assert!(!together(&knows), "no client knows a broker");
        }
    }
}
