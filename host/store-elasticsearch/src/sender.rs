//! Sends rows, in requests as large as the cluster takes them, a few at a time. In which order they come in is all one:
//! the revision decides.

use std::collections::VecDeque;
use std::time::Duration;

use deliver::{Reject, StoreError};

use crate::answer::{self, Verdict};
use crate::bulk::{Lines, Rows};
use crate::client::{Answer, Client, Sent};
use crate::limit::Limit;
use crate::tables::Held;

/// How long it waits before the rows that the cluster has put off are sent again; then its caller has to wait.
const PAUSES_MS: [u64; 5] = [50, 100, 200, 400, 800];
/// Requests are not made smaller than this only that there be several: each has a price of its own.
const LEAST_BYTES: usize = 256 << 10;
/// By aliases alone: a name that is none would become an index without the fields that it must have.
const PATH: &str = "_bulk?require_alias=true&filter_path=";

/// Sends the rows of a table. What is on its way when this is dropped is given up.
pub(crate) struct Sender<'a> {
    client: &'a Client,
    limit: &'a mut Limit,
    pub table: &'a mut Held,
    /// Most requests on their way.
    concurrency: usize,
    /// How many bytes a request is to have.
    share: usize,
    /// The oldest first.
    sent: VecDeque<(Lines, Sent)>,
    /// Rows to be sent.
    waiting: VecDeque<Lines>,
    /// Why rows were put off: nothing more is sent before a pause.
    put_off: Option<StoreError>,
    rejects: Vec<Reject>,
}

impl<'a> Sender<'a> {
    pub(crate) fn new(
        client: &'a Client,
        limit: &'a mut Limit,
        table: &'a mut Held,
        concurrency: usize,
    ) -> Self {
        let (sent, waiting, share) = (VecDeque::new(), VecDeque::new(), limit.bytes());
        Self { client, limit, table, concurrency, share, sent, waiting, put_off: None, rejects: Vec::new() }
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
            self.waiting.push_back(lines);
            self.send()?;
        }
        Ok(())
    }

    /// Sends the rest. Returns when each row is there, or is among the rejects, which it gives back.
    pub(crate) fn finish(mut self, rows: Rows) -> Result<Vec<Reject>, StoreError> {
        self.waiting.push_back(rows.into_lines());
        let mut pauses = PAUSES_MS.iter();
        loop {
            self.send()?;
            if !self.sent.is_empty() {
                self.settle()?;
                continue;
            }
            let Some(why) = self.put_off.take() else { return Ok(self.rejects) };
            let Some(pause_ms) = pauses.next() else { return Err(why) };
            std::thread::sleep(Duration::from_millis(*pause_ms));
        }
    }

    /// Sends all that waits, unless it was put off.
    fn send(&mut self) -> Result<(), StoreError> {
        while self.put_off.is_none()
            && let Some(lines) = self.waiting.front_mut()
        {
            if self.sent.len() >= self.concurrency {
                self.settle()?;
                continue;
            }
            let Some(request) = lines.cut(self.limit.bytes()) else {
                self.waiting.pop_front();
                continue;
            };
            let sent = self.client.start_lines(format!("{PATH}{}", answer::FILTER), request.body());
            self.sent.push_back((request, sent));
        }
        Ok(())
    }

    /// Waits for the answer to the oldest request.
    fn settle(&mut self) -> Result<(), StoreError> {
        let Some((lines, sent)) = self.sent.pop_front() else { return Ok(()) };
        let bytes = lines.body().len();
        let answer = self.client.finish(sent).inspect_err(|_| self.limit.shrink(bytes))?;
        match answer.status {
            413 => self.too_large(lines, bytes),
            429 => self.again(lines, bytes, answer.error()),
            _ => self.judge(&lines, bytes, answer)?,
        }
        Ok(())
    }

    fn again(&mut self, lines: Lines, bytes: usize, why: StoreError) {
        self.limit.shrink(bytes);
        self.waiting.push_front(lines);
        self.put_off.get_or_insert(why);
    }

    fn too_large(&mut self, lines: Lines, bytes: usize) {
        if lines.rows() > 1 {
            self.limit.halve(bytes);
            return self.waiting.push_front(lines);
        }
        let message = format!("a row of {bytes} bytes is larger than the cluster takes (HTTP 413)");
        self.rejects.push(Reject { row: lines.row(0), kind: "too_large".into(), message });
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
                    self.rejects.push(Reject { row: lines.row(row), kind, message });
                    continue;
                }
                Verdict::Stop(error) => return Err(self.table.named(error)),
                Verdict::Again(why) => why,
                Verdict::NoIndex => {
                    self.table.forget_indices();
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
