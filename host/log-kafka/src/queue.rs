//! A partition's queue in the client, emptied many messages at a time (docs/adr/0013). The safe interface gives one
//! message a call, each through a lock, a look at the clock and an allocation.

#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_void};
use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::time::Duration;

use rdkafka::bindings::{
    rd_kafka_consume_batch_queue, rd_kafka_header_get_all, rd_kafka_headers_t, rd_kafka_message_destroy,
    rd_kafka_message_headers, rd_kafka_message_t, rd_kafka_message_timestamp, rd_kafka_queue_destroy,
    rd_kafka_queue_forward, rd_kafka_queue_get_partition, rd_kafka_queue_t, rd_kafka_timestamp_type_t,
};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaRespErr;

use crate::ear::Ear;

/// Most messages of one call.
const MOST: usize = 256;

/// A message, in the client's memory.
pub struct Message<'a> {
    pub offset: i64,
    /// In milliseconds since 1970; 0: it has none.
    pub timestamp_ms: i64,
    pub key: &'a [u8],
    pub value: &'a [u8],
    pub headers: Headers<'a>,
}

/// The names and values of a message's headers, in its memory; without those whose names are no text.
#[derive(Clone)]
pub struct Headers<'a> {
    /// Null: there are none.
    headers: *mut rd_kafka_headers_t,
    next: usize,
    message: PhantomData<&'a rd_kafka_message_t>,
}

/// What a consumer has fetched of one partition.
pub struct Queue {
    queue: NonNull<rd_kafka_queue_t>,
    /// Must outlive the queue.
    _consumer: Arc<BaseConsumer<Ear>>,
}

// SAFETY: the client's queues have locks of their own, and may be used and given back from any thread.
unsafe impl Send for Queue {}

impl Queue {
    /// From now on the partition's messages come here, and not by the consumer's own queue; none: the client
    /// does not know such a partition.
    pub fn split(consumer: &Arc<BaseConsumer<Ear>>, topic: &str, partition: i32) -> Option<Self> {
        let topic = CString::new(topic).ok()?;
        let client = consumer.client().native_ptr();
        // SAFETY: the client lives as long as `consumer`, of which a share is kept; the text ends with a zero
        // byte and is not kept by the client. A queue that is given is ours until `rd_kafka_queue_destroy`.
        let queue = unsafe { rd_kafka_queue_get_partition(client, topic.as_ptr(), partition) };
        let queue = NonNull::new(queue)?;
        // SAFETY: the queue was just given; forwarding to none leaves its messages in it.
        unsafe { rd_kafka_queue_forward(queue.as_ptr(), ptr::null_mut()) };
        Some(Self { queue, _consumer: consumer.clone() })
    }

    /// Hands over what is there, at most so many and not more than a few hundred, after waiting for the first;
    /// how many it was.
    pub fn take(
        &self,
        most: usize,
        wait: Duration,
        mut each: impl FnMut(Result<Message<'_>, KafkaError>),
    ) -> usize {
        let mut taken = Taken { messages: [ptr::null_mut(); MOST], count: 0 };
        let wait_ms = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: the queue is ours and its client lives; the array has room for as many pointers as are asked
        // for, and the client writes at most those.
        let count = unsafe {
            let messages = taken.messages.as_mut_ptr();
            rd_kafka_consume_batch_queue(self.queue.as_ptr(), wait_ms, messages, most.min(MOST))
        };
        // Less than 0 is an error of the call itself, of which there is none for a queue.
        taken.count = usize::try_from(count).unwrap_or(0);
        for message in taken.messages.iter().take(taken.count) {
            // SAFETY: the client gave the message, and it is ours until `taken` is dropped.
            if let Some(message) = unsafe { message.as_ref() } {
                each(read(message));
            }
        }
        taken.count
    }
}

/// What a message says.
fn read(message: &rd_kafka_message_t) -> Result<Message<'_>, KafkaError> {
    if message.err != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
        return Err(KafkaError::MessageConsumption(message.err.into()));
    }
    let mut kind = rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    // SAFETY: both pointers are to what this function borrows.
    let timestamp_ms = unsafe { rd_kafka_message_timestamp(message, &raw mut kind) };
    let mut headers = ptr::null_mut();
    // SAFETY: both pointers are to what this function borrows. Where there are none, `headers` stays null.
    unsafe { rd_kafka_message_headers(message, &raw mut headers) };
    // SAFETY: the client says that so many bytes lie there, and they do until the message is destroyed, for which
    // its borrow must have ended.
    let (key, value) = unsafe { (bytes(message.key, message.key_len), bytes(message.payload, message.len)) };
    let headers = Headers { headers, next: 0, message: PhantomData };
    Ok(Message { offset: message.offset, timestamp_ms: timestamp_ms.max(0), key, value, headers })
}

/// What lies at a pointer, which may be null.
///
/// # Safety
/// Otherwise so many bytes must lie there for as long.
unsafe fn bytes<'a>(start: *const c_void, length: usize) -> &'a [u8] {
    match start.is_null() {
        true => &[],
        // SAFETY: as the caller says.
        false => unsafe { std::slice::from_raw_parts(start.cast::<u8>(), length) },
    }
}

impl<'a> Iterator for Headers<'a> {
    type Item = (&'a str, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        while !self.headers.is_null() {
            let (mut name, mut value, mut length) = (ptr::null(), ptr::null(), 0);
            // SAFETY: the headers are the message's, which is borrowed; the other pointers are to what lies above.
            let found = unsafe {
                let (name, value, length) = (&raw mut name, &raw mut value, &raw mut length);
                rd_kafka_header_get_all(self.headers, self.next, name, value, length)
            };
            if found != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
                return None;
            }
            self.next += 1;
            // SAFETY: the name ends with a zero byte, and the value has this length; both are the message's.
            let (name, value) = unsafe { (CStr::from_ptr(name), bytes(value, length)) };
            if let Ok(name) = name.to_str() {
                return Some((name, value));
            }
        }
        None
    }
}

/// Messages that the client gave; they are given back also where their reader panics.
struct Taken {
    messages: [*mut rd_kafka_message_t; MOST],
    count: usize,
}

impl Drop for Taken {
    fn drop(&mut self) {
        for message in self.messages.iter().take(self.count) {
            // SAFETY: each was given once, and is given back once.
            unsafe { rd_kafka_message_destroy(*message) };
        }
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: it is ours, nobody uses it any more, and its client lives.
        unsafe { rd_kafka_queue_destroy(self.queue.as_ptr()) };
    }
}
