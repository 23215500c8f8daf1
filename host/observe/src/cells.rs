//! Cells that are counted in: clones are the same cell, and no change of one takes a lock or memory.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::{MetricType, TypedMetric};

/// A number that only rises.
pub type Counter = prometheus_client::metrics::counter::Counter<u64, AtomicU64>;
/// A number that rises and falls.
pub type Gauge = prometheus_client::metrics::gauge::Gauge<i64, AtomicI64>;

/// Upper bounds of the buckets, in seconds: from a step over a handful of records to a log that hardly answers.
const BOUNDS: [f64; 13] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// A histogram of durations. The library's own takes a lock for each.
#[derive(Clone, Debug, Default)]
pub struct Seconds(Arc<Durations>);

#[derive(Debug, Default)]
struct Durations {
    /// How many fell in each bucket alone.
    buckets: [AtomicU64; BOUNDS.len()],
    beyond: AtomicU64,
    sum_us: AtomicU64,
}

impl Seconds {
    /// Counts one.
    pub fn observe(&self, duration: Duration) {
        let bucket = BOUNDS.iter().position(|bound| duration.as_secs_f64() <= *bound);
        let bucket = bucket.and_then(|bucket| self.0.buckets.get(bucket)).unwrap_or(&self.0.beyond);
        bucket.fetch_add(1, Ordering::Relaxed);
        let us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        self.0.sum_us.fetch_add(us, Ordering::Relaxed);
    }
}

impl EncodeMetric for Seconds {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        let bounds = BOUNDS.into_iter().chain([f64::INFINITY]);
        let counts = self.0.buckets.iter().chain([&self.0.beyond]).map(|count| count.load(Ordering::Relaxed));
        let buckets: Vec<(f64, u64)> = bounds.zip(counts).collect();
        let count = buckets.iter().map(|(_, count)| count).sum();
        let sum_us = self.0.sum_us.load(Ordering::Relaxed);
        encoder.encode_histogram::<NoLabelSet>(sum_us as f64 / 1e6, count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}

impl TypedMetric for Seconds {
    const TYPE: MetricType = MetricType::Histogram;
}

/// How long ago a time was, by the clock of who asks.
#[derive(Clone, Debug, Default)]
pub struct Age(Arc<AtomicI64>);

impl Age {
    /// Sets the time, in microseconds since 1970, UTC.
    pub fn set_us(&self, at_us: i64) {
        self.0.store(at_us, Ordering::Relaxed);
    }

    /// In seconds; less than none where the time is ahead of the clock.
    fn seconds(&self, now: SystemTime) -> f64 {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let now_us = i64::try_from(now.as_micros()).unwrap_or(i64::MAX);
        now_us.saturating_sub(self.0.load(Ordering::Relaxed)) as f64 / 1e6
    }
}

impl EncodeMetric for Age {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        encoder.encode_gauge(&self.seconds(SystemTime::now()))
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}

impl TypedMetric for Age {
    const TYPE: MetricType = MetricType::Gauge;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Observed;
    use crate::metrics::OfWorker;

    #[test]
    fn durations_fall_into_buckets_that_add_up() {
        let observed = Observed::new(0, 1);
        let cell = observed.metrics.commit_seconds.get_or_create_owned(&OfWorker { worker: 0 });
        for ms in [1, 2, 9, 10, 11_000] {
            cell.observe(Duration::from_millis(ms));
        }
        let text = observed.text().unwrap();
        let bucket = |le: &str| format!("vigie_commit_seconds_bucket{{le=\"{le}\",worker=\"0\"}}");
        for (le, count) in [("0.001", 1), ("0.0025", 2), ("0.005", 2), ("0.01", 4), ("10.0", 4), ("+Inf", 5)]
        {
            assert!(text.contains(&format!("{} {count}\n", bucket(le))), "{le}: {text}");
        }
        assert!(text.contains("vigie_commit_seconds_sum{worker=\"0\"} 11.022\n"), "{text}");
        assert!(text.contains("vigie_commit_seconds_count{worker=\"0\"} 5\n"), "{text}");
    }

    #[test]
    fn an_age_is_of_when_it_is_asked() {
        let age = Age::default();
        age.set_us(5_000_000);
        assert_eq!(age.seconds(UNIX_EPOCH + Duration::from_millis(7500)), 2.5);
        assert_eq!(age.seconds(UNIX_EPOCH + Duration::from_secs(4)), -1.0);
    }
}
