//! The limits of one step's instances.

use wasmtime::ResourceLimiter;

/// The limits of one step, as set in the pipeline file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Linear memories and tables of one instance together, in bytes.
    pub memory_bytes: usize,
    /// Wall time of one call on the fast engine, in milliseconds. It only decides when the counting
    /// engine has to look; it never condemns a row.
    pub time_per_batch_ms: u64,
    /// Fuel of one call on the counting engine, whatever its rows: about one unit an instruction.
    /// It has to be more than the fast engine can burn in its time (up to ten units a nanosecond), or a
    /// costly row that passes alone is condemned once a neighbour's fault has the batch bisected.
    pub fuel_per_call: u64,
    /// Output rows that one input row may become.
    pub rows_per_row: usize,
    /// Bytes that one call may give back.
    pub output_bytes: usize,
    /// Bytes of the texts and binaries in the state of one key.
    pub state_bytes_per_key: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 64 << 20,
            time_per_batch_ms: 50,
            fuel_per_call: 500_000_000,
            rows_per_row: 16,
            output_bytes: 64 << 20,
            state_bytes_per_key: 64 << 10,
        }
    }
}

/// Sums all memories and tables of an instance, as wasmtime's own limiter counts each alone.
pub(crate) struct Budget {
    memory_bytes: usize,
    used_bytes: usize,
    pub(crate) breached: bool,
}

impl Budget {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { memory_bytes: limits.memory_bytes, used_bytes: 0, breached: false }
    }

    /// Too much is an error, which traps: a guest that only heard "no" could go on, and what it gave
    /// would depend on how full its instance already was.
    fn take(&mut self, from: usize, to: usize, unit_bytes: usize) -> wasmtime::Result<bool> {
        let more = to.saturating_sub(from).saturating_mul(unit_bytes);
        let used = self.used_bytes.saturating_add(more);
        if used > self.memory_bytes {
            self.breached = true;
            return Err(wasmtime::Error::msg("it took more memory than the step allows"));
        }
        self.used_bytes = used;
        Ok(true)
    }
}

impl ResourceLimiter for Budget {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.take(current, desired, 1)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.take(current, desired, size_of::<usize>())
    }
}
