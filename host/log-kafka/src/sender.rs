//! Gives records to a producer's client by its handles of topics (docs/adr/0013). The safe interface names the topic
//! with each record: an allocation, the client's write lock, and a walk through all topics.

#![allow(unsafe_code)]

use std::cell::RefCell;
use std::ffi::{CString, c_void};
use std::ops::Deref;
use std::ptr::{self, NonNull};

use rdkafka::bindings::{
    RD_KAFKA_MSG_F_COPY, rd_kafka_flush, rd_kafka_last_error, rd_kafka_producev, rd_kafka_t,
    rd_kafka_topic_destroy, rd_kafka_topic_new, rd_kafka_topic_t, rd_kafka_vtype_t,
};
use rdkafka::error::{IsError as _, KafkaError};
use rdkafka::producer::{BaseProducer, Producer as _, ProducerContext};

/// A record to give.
pub struct Sent<'a> {
    pub topic: &'a str,
    pub partition: i32,
    /// In milliseconds since 1970; none: now.
    pub timestamp_ms: Option<i64>,
    pub key: &'a [u8],
    /// None: a tombstone.
    pub value: Option<&'a [u8]>,
}

/// A producer, and its handles of the topics that were written.
pub struct Sender<C: ProducerContext<DeliveryOpaque = ()> + 'static> {
    /// A few. They go before their client.
    topics: RefCell<Vec<(Box<str>, Handle)>>,
    producer: BaseProducer<C>,
}

/// A topic in the client's memory, and in its books until it is given back.
struct Handle(NonNull<rd_kafka_topic_t>);

// SAFETY: the client counts and locks what a handle is of; it may be used and given back from any thread.
unsafe impl Send for Handle {}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: it was given once and is given back once; its client still lives, as it goes after the handles.
        unsafe { rd_kafka_topic_destroy(self.0.as_ptr()) };
    }
}

impl<C: ProducerContext<DeliveryOpaque = ()> + 'static> Sender<C> {
    pub fn new(producer: BaseProducer<C>) -> Self {
        Self { topics: RefCell::default(), producer }
    }

    /// The producer, which may be used from other threads.
    pub fn producer(&self) -> &BaseProducer<C> {
        &self.producer
    }

    /// Gives a record, which the client copies.
    ///
    /// # Errors
    /// [`KafkaError::MessageProduction`].
    pub fn send(&self, sent: &Sent<'_>) -> Result<(), KafkaError> {
        let topic = self.topic(sent.topic)?;
        let (key, value) = (sent.key, sent.value);
        let (payload, payload_len) = value.map_or((ptr::null(), 0), |value| (value.as_ptr(), value.len()));
        // SAFETY: the client lives, the handle is one of its own, and key and value are borrowed for as long as the
        // call lasts, as it copies them. Each tag is followed by what the client reads behind that tag, in the types
        // of its header, and the last one ends the list.
        let given = unsafe {
            rd_kafka_producev(
                self.client(),
                rd_kafka_vtype_t::RD_KAFKA_VTYPE_RKT,
                topic.as_ptr(),
                rd_kafka_vtype_t::RD_KAFKA_VTYPE_PARTITION,
                sent.partition,
                rd_kafka_vtype_t::RD_KAFKA_VTYPE_MSGFLAGS,
                RD_KAFKA_MSG_F_COPY,
                rd_kafka_vtype_t::RD_KAFKA_VTYPE_VALUE,
                payload.cast::<c_void>(),
                payload_len,
                rd_kafka_vtype_t::RD_KAFKA_VTYPE_KEY,
                key.as_ptr().cast::<c_void>(),
                key.len(),
                rd_kafka_vtype_t::RD_KAFKA_VTYPE_TIMESTAMP,
                sent.timestamp_ms.unwrap_or(0),
                rd_kafka_vtype_t::RD_KAFKA_VTYPE_END,
            )
        };
        match given.is_error() {
            true => Err(KafkaError::MessageProduction(given.into())),
            false => Ok(()),
        }
    }

    /// Has what was given sent at once, and waits for a millisecond, as the client forgets it when the call returns.
    pub fn hurry(&self) {
        // SAFETY: the client lives. That not everything was sent meanwhile is not a failure.
        unsafe { rd_kafka_flush(self.client(), 1) };
    }

    fn topic(&self, name: &str) -> Result<NonNull<rd_kafka_topic_t>, KafkaError> {
        let mut topics = self.topics.borrow_mut();
        if let Some((_, Handle(topic))) = topics.iter().find(|(known, _)| **known == *name) {
            return Ok(*topic);
        }
        let text = CString::new(name)?;
        // SAFETY: the client lives; the name ends with a zero byte and is copied; no settings are handed over.
        let topic = unsafe { rd_kafka_topic_new(self.client(), text.as_ptr(), ptr::null_mut()) };
        let Some(topic) = NonNull::new(topic) else {
            // SAFETY: it only reads what the last call on this thread has left.
            return Err(KafkaError::MessageProduction(unsafe { rd_kafka_last_error() }.into()));
        };
        topics.push((name.into(), Handle(topic)));
        Ok(topic)
    }

    fn client(&self) -> *mut rd_kafka_t {
        self.producer.client().native_ptr()
    }
}

impl<C: ProducerContext<DeliveryOpaque = ()> + 'static> Deref for Sender<C> {
    type Target = BaseProducer<C>;

    fn deref(&self) -> &BaseProducer<C> {
        &self.producer
    }
}
