//! What goes to dead letters: records that cannot be read or come too late, rows and timers that a plugin refuses.

use arrow::array::AsArray as _;
use arrow::datatypes::Int64Type;
use log::Record;
use state::Groups;

use super::{KeyedStage, Partition};
use crate::Error;
use crate::held::Ordered;
use crate::sink::Refused;

impl KeyedStage {
    pub(super) fn refused(
        &self,
        at: &Partition,
        record: &Record,
        code: &'static str,
        reason: &str,
    ) -> Refused {
        Refused {
            id: Some(String::from_utf8_lossy(&record.key).into_owned()),
            step: self.name.clone(),
            code,
            reason: reason.into(),
            partition: at.number,
            offset: record.offset,
            at_us: record.timestamp_us,
            row: record.value.clone(),
        }
    }

    /// A timer that its plugin fails on: the timer is gone, the state stays.
    pub(super) fn poison_timer(
        &self,
        at: &Partition,
        groups: &Groups,
        key: usize,
        verdict: &plugin::Verdict,
    ) -> Refused {
        let mut id = String::new();
        self.identity.of_key(&self.name, groups.key(key), &mut id);
        Refused {
            row: format!("{{\"timer_of_key\":\"{id}\"}}").into(),
            id: Some(id),
            step: self.name.clone(),
            code: verdict.code,
            reason: verdict.reason.clone(),
            partition: at.number,
            offset: 0,
            at_us: 0,
        }
    }

    pub(super) fn refused_row(
        &self,
        at: &Partition,
        ordered: &Ordered,
        records: &[&Record],
        row: usize,
        verdict: &plugin::Verdict,
    ) -> Result<Refused, Error> {
        let batch = ordered.batch.slice(row, 1);
        let text = |name| batch.column_by_name(name).and_then(|c| c.as_string_opt::<i32>());
        let number = |name| batch.column_by_name(name).and_then(|c| c.as_primitive_opt::<Int64Type>());
        let at_us = number("revision_us").map_or(0, |at| at.value(0));
        if let Some(record) = records.get(row) {
            // As it came: not all of its columns may have been read.
            return Ok(Refused { at_us, ..self.refused(at, record, verdict.code, &verdict.reason) });
        }
        let mut encoder = event::Encoder::new();
        Ok(Refused {
            id: text("id").map(|ids| ids.value(0).into()),
            step: self.name.clone(),
            code: verdict.code,
            reason: verdict.reason.clone(),
            partition: at.number,
            offset: ordered.offsets.get(row).copied().unwrap_or_default(),
            at_us,
            row: encoder.encode(&batch)?.get(0).unwrap_or_default(),
        })
    }
}
