//! Sends rows, in requests as large as the cluster takes them, a few at a time. In which order they come in is all one:
//! the revision decides.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use deliver::{Reject, StoreError};
use tokio::task::Id;

use crate::answer::{self, Verdict};
use crate::bulk::{Lines, Rows};
use crate::client::{Answer, Client, Requests};
use crate::limit::Limit;
use crate::tables::Held;

/// How long it waits before the rows that the cluster has put off are sent again; then its caller has to wait.
const PAUSES_MS: [u64; 5] = [50, 100, 200, 400, 800];
/// Requests are not made smaller than this only that there be several: each has a price of its own.
const LEAST_BYTES: usize = 256 << 10;
/// By aliases alone: a name that is none would become an index without the fields that it must have.
const PATH: &str = "_bulk?require_alias=true&filter_path=";

/// What was begun and not settled; given up when this is dropped.
#[derive(Default)]
pub(crate) struct InFlight {
    /// The oldest first.
    pub calls: VecDeque<Call>,
    /// The number of the next row: rows are numbered over all calls.
    pub next_row: usize,
    requests: Requests,
    /// What each of them has.
    sent: Vec<(Id, Lines)>,
    /// Rows to be sent.
    waiting: VecDeque<Lines>,
    /// Why rows were put off: nothing more is sent before a pause.
    put_off: Option<StoreError>,
    rejects: Vec<Reject>,
}

/// Batches that were begun together.
pub(crate) struct Call {
    pub topic: String,
    /// The number of its first row.
    pub first_row: usize,
    pub batches: Vec<BatchInCall>,
}

/// A batch of a call.
pub(crate) struct BatchInCall {
    pub partition: u32,
    pub epoch: u64,
    pub next_offset: u64,
    pub rows: usize,
}

impl Call {
    /// The number behind its last row.
    pub(crate) fn end_row(&self) -> usize {
        self.first_row + self.batches.iter().map(|batch| batch.rows).sum::<usize>()
    }
}

impl InFlight {
    /// The topic of a row.
    fn topic_of(&self, row: usize) -> Option<&str> {
        let call = self.calls.iter().find(|call| (call.first_row..call.end_row()).contains(&row));
        call.map(|call| call.topic.as_str())
    }

    /// Adds rows that cannot be sent.
    pub(crate) fn reject(&mut self, rejects: Vec<Reject>) {
        self.rejects.extend(rejects);
    }

    /// Whether rows with numbers below this one are still to be sent or answered.
    fn has_before(&self, end_row: usize) -> bool {
        let mut lines = self.sent.iter().map(|(_, lines)| lines).chain(&self.waiting);
        lines.any(|lines| lines.rows() > 0 && lines.row(0) < end_row)
    }

    /// The rejects of each batch of the oldest call, whose rows are settled; each row's number is the batch's own.
    pub(crate) fn rejects_of(&mut self, call: &Call) -> Vec<Vec<Reject>> {
        let mut rejects: Vec<Reject> =
            self.rejects.extract_if(.., |reject| reject.row < call.end_row()).collect();
        rejects.sort_by_key(|reject| reject.row);
        let (mut end, mut rejects) = (call.first_row, rejects.into_iter().peekable());
        let of = |batch: &BatchInCall| {
            let before = end;
            end += batch.rows;
            let ours = std::iter::from_fn(|| rejects.next_if(|reject| reject.row < end));
            ours.map(|reject| Reject { row: reject.row - before, ..reject }).collect()
        };
        call.batches.iter().map(of).collect()
    }
}

/// Sends rows.
pub(crate) struct Sender<'a> {
    client: &'a Client,
    limit: &'a mut Limit,
    /// By topic.
    pub tables: &'a mut BTreeMap<String, Held>,
    /// Most requests on their way.
    concurrency: usize,
    /// How many bytes a request is to have.
    share: usize,
    in_flight: &'a mut InFlight,
}

impl<'a> Sender<'a> {
    pub(crate) fn new(
        client: &'a Client,
        limit: &'a mut Limit,
        tables: &'a mut BTreeMap<String, Held>,
        concurrency: usize,
        in_flight: &'a mut InFlight,
    ) -> Self {
        let share = limit.bytes();
        Self { client, limit, tables, concurrency, share, in_flight }
    }

    /// Of about so many bytes requests are to be made: equal ones, as many as are on their way at a time, else the last
    /// one would be waited for alone.
    pub(crate) fn expect(&mut self, bytes: usize) {
        let requests = bytes.div_ceil(self.limit.bytes()).max(1);
        let most = (bytes / LEAST_BYTES).max(1);
        let requests = requests.next_multiple_of(self.concurrency.min(most));
        self.share = bytes.div_ceil(requests).max(LEAST_BYTES);
    }

    /// Sends what fills requests, and goes on while they are on their way.
    pub(crate) fn send_full(&mut self, rows: &mut Rows) -> Result<(), StoreError> {
        while let Some(lines) = rows.take_full(self.share.min(self.limit.bytes())) {
            self.in_flight.waiting.push_back(lines);
            self.send()?;
        }
        Ok(())
    }

    /// Sends the rest, and goes on while the last requests are on their way.
    pub(crate) fn send_rest(&mut self, rows: Rows) -> Result<(), StoreError> {
        self.in_flight.waiting.push_back(rows.into_lines());
        self.send()
    }

    /// Waits until each row with a number below this one is there, or is among the rejects.
    pub(crate) fn settle_until(&mut self, end_row: usize) -> Result<(), StoreError> {
        let mut pauses = PAUSES_MS.iter();
        loop {
            self.send()?;
            if !self.in_flight.has_before(end_row) {
                return Ok(());
            }
            if !self.in_flight.sent.is_empty() {
                self.settle()?;
                continue;
            }
            let Some(why) = self.in_flight.put_off.take() else { continue };
            let Some(pause_ms) = pauses.next() else { return Err(why) };
            std::thread::sleep(Duration::from_millis(*pause_ms));
        }
    }

    /// Sends all that waits, unless it was put off.
    fn send(&mut self) -> Result<(), StoreError> {
        while self.in_flight.put_off.is_none() && !self.in_flight.waiting.is_empty() {
            if self.in_flight.sent.len() >= self.concurrency {
                self.settle()?;
                continue;
            }
            let Some(lines) = self.in_flight.waiting.front_mut() else { break };
            let Some(request) = lines.cut(self.limit.bytes()) else {
                self.in_flight.waiting.pop_front();
                continue;
            };
            let path = format!("{}/{PATH}{}", request.index(), answer::FILTER);
            let id = self.client.start_lines(&mut self.in_flight.requests, path, request.body());
            self.in_flight.sent.push((id, request));
        }
        Ok(())
    }

    /// Waits for the next answer: an older request must not keep back the next one.
    fn settle(&mut self) -> Result<(), StoreError> {
        let Some((id, answer)) = self.client.finish(&mut self.in_flight.requests) else { return Ok(()) };
        let at = self.in_flight.sent.iter().position(|(sent, _)| *sent == id);
        let Some((_, lines)) = at.map(|at| self.in_flight.sent.swap_remove(at)) else { return Ok(()) };
        let bytes = lines.body().len();
        let answer = answer.inspect_err(|_| self.limit.shrink(bytes))?;
        match answer.status {
            413 => self.too_large(lines, bytes),
            429 => self.again(lines, bytes, answer.error()),
            _ => self.judge(&lines, bytes, answer)?,
        }
        Ok(())
    }

    fn again(&mut self, lines: Lines, bytes: usize, why: StoreError) {
        self.limit.shrink(bytes);
        self.in_flight.waiting.push_front(lines);
        self.in_flight.put_off.get_or_insert(why);
    }

    fn too_large(&mut self, lines: Lines, bytes: usize) {
        if lines.rows() > 1 {
            self.limit.halve(bytes);
            return self.in_flight.waiting.push_front(lines);
        }
        let message = format!("a row of {bytes} bytes is larger than the cluster takes (HTTP 413)");
        self.in_flight.rejects.push(Reject { row: lines.row(0), kind: "too_large".into(), message });
    }

    /// An error about a row's table, with its name.
    fn named(&self, row: usize, error: StoreError) -> StoreError {
        match self.in_flight.topic_of(row).and_then(|topic| self.tables.get(topic)) {
            Some(table) => table.named(error),
            None => error,
        }
    }

    /// Keeps the rejects, and the rows that are put off.
    fn judge(&mut self, lines: &Lines, bytes: usize, answer: Answer) -> Result<(), StoreError> {
        if !answer.is_done() {
            return Err(answer.error());
        }
        let mut put_off: Option<(Vec<usize>, StoreError)> = None;
        for (row, verdict) in answer::read(&answer.body, lines.rows())?.into_iter().enumerate() {
            let why = match verdict {
                Verdict::Done | Verdict::Older => continue,
                Verdict::Reject { kind, message } => {
                    self.in_flight.rejects.push(Reject { row: lines.row(row), kind, message });
                    continue;
                }
                Verdict::Stop(error) => return Err(self.named(lines.row(row), error)),
                Verdict::Again(why) => why,
                Verdict::NoIndex => {
                    self.tables.values_mut().for_each(Held::forget_indices);
                    StoreError::Away("an index was deleted: it is made again".into())
                }
            };
            put_off.get_or_insert((Vec::new(), why)).0.push(row);
        }
        match put_off {
            Some((rows, why)) => self.again(lines.only(&rows), bytes, why),
            None => self.limit.grow(),
        }
        Ok(())
    }
}
