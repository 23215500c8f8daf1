//! Sends rows, in requests as large as the cluster takes them.

use std::time::Duration;

use deliver::{Reject, StoreError};

use crate::answer::{self, Verdict};
use crate::bulk::{Bulk, Rows, Waiting};
use crate::client::Client;
use crate::limit::Limit;
use crate::tables::Held;

/// How long it waits before the rows that the cluster has put off are sent again; then its caller has to wait.
const PAUSES_MS: [u64; 5] = [50, 100, 200, 400, 800];
/// By aliases alone: a name that is none would become an index without the fields that it must have.
const PATH: &str = "_bulk?require_alias=true&filter_path=";

/// Sends the rows of a table.
pub(crate) struct Sender<'a> {
    pub client: &'a Client,
    pub limit: &'a mut Limit,
    pub table: &'a mut Held,
    pub rejects: Vec<Reject>,
}

/// Rows that were put off, and why.
struct PutOff {
    places: Vec<usize>,
    why: StoreError,
}

impl Sender<'_> {
    /// Returns when each row is there, or is among the rejects.
    pub(crate) fn send(&mut self, rows: Rows) -> Result<(), StoreError> {
        let mut waiting = rows.into_waiting();
        let mut pauses = PAUSES_MS.iter();
        while let Some(PutOff { places, why }) = self.pass(&mut waiting)? {
            let Some(pause_ms) = pauses.next() else { return Err(why) };
            std::thread::sleep(Duration::from_millis(*pause_ms));
            waiting = waiting.only(&places);
        }
        Ok(())
    }

    /// Sends all that waits, up to the first request with rows that are put off.
    fn pass(&mut self, waiting: &mut Waiting) -> Result<Option<PutOff>, StoreError> {
        while let Some(bulk) = waiting.cut(self.limit.bytes()) {
            let sent = bulk.body.len();
            let path = format!("{PATH}{}", answer::FILTER);
            let answer = self.client.post_lines(&path, bulk.body.clone());
            let answer = answer.inspect_err(|_| self.limit.shrink(sent))?;
            match answer.status {
                413 => {
                    self.too_large(waiting, &bulk);
                    continue;
                }
                429 => {
                    self.limit.shrink(sent);
                    let places = bulk.rows.start..waiting.end();
                    return Ok(Some(PutOff { places: places.collect(), why: answer.error() }));
                }
                _ if !answer.is_done() => return Err(answer.error()),
                _ => {}
            }
            let verdicts = answer::read(&answer.body, bulk.rows.len())?;
            if let Some(mut put_off) = self.judge(waiting, &bulk, verdicts)? {
                self.limit.shrink(sent);
                put_off.places.extend(bulk.rows.end..waiting.end());
                return Ok(Some(put_off));
            }
            self.limit.grow();
        }
        Ok(None)
    }

    fn too_large(&mut self, waiting: &mut Waiting, bulk: &Bulk) {
        let sent = bulk.body.len();
        if bulk.rows.len() > 1 {
            self.limit.halve(sent);
            waiting.again(bulk);
            return;
        }
        let message = format!("a row of {sent} bytes is larger than the cluster takes (HTTP 413)");
        let row = waiting.row(bulk.rows.start);
        self.rejects.push(Reject { row, kind: "too_large".into(), message });
    }

    /// Keeps the rejects; the rows that are put off, if there are any.
    fn judge(
        &mut self,
        waiting: &Waiting,
        bulk: &Bulk,
        verdicts: Vec<Verdict>,
    ) -> Result<Option<PutOff>, StoreError> {
        let mut put_off: Option<PutOff> = None;
        for (place, verdict) in bulk.rows.clone().zip(verdicts) {
            let why = match verdict {
                Verdict::Done | Verdict::Older => continue,
                Verdict::Reject { kind, message } => {
                    self.rejects.push(Reject { row: waiting.row(place), kind, message });
                    continue;
                }
                Verdict::Stop(error) => return Err(self.table.named(error)),
                Verdict::Again(why) => why,
                Verdict::NoIndex => {
                    self.table.forget_indices();
                    StoreError::Away("an index was deleted: it is made again".into())
                }
            };
            put_off.get_or_insert(PutOff { places: Vec::new(), why }).places.push(place);
        }
        Ok(put_off)
    }
}
