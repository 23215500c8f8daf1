//! Rows per second into a lake in a folder or a bucket, against the barest client that writes the same rows: a Parquet
//! writer with the same settings, and a put.
//!
//! `write_rate [URL [ENDPOINT]]`; credentials come from the environment. Both run five times in turn, and the medians
//! count: by the clock, and by the processor's time, which says more on a machine that does other things as well.

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use deliver::{Batch, Store as _, Table};
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, PutPayload};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use store_s3::{Options, S3Store};

const TOPIC: &str = "crisis.v1.events";
const BATCHES: u64 = 500;
const BATCH_ROWS: u64 = 1000;
const FILE_BYTES: usize = 128 << 20;
const WORDS: [&str; 16] = [
    "water",
    "rises",
    "near",
    "the",
    "bridge",
    "road",
    "closed",
    "fire",
    "smoke",
    "over",
    "harbour",
    "people",
    "evacuated",
    "power",
    "line",
    "down",
];

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn schema() -> SchemaRef {
    let time = DataType::Timestamp(TimeUnit::Microsecond, Some("+00:00".into()));
    let fields = [
        ("id", DataType::Utf8),
        ("source", DataType::Utf8),
        ("revision_us", DataType::Int64),
        ("entity", DataType::Utf8),
        ("kind", DataType::Utf8),
        ("timestamp", time),
        ("lat", DataType::Float64),
        ("lng", DataType::Float64),
        ("text", DataType::Utf8),
        ("severity", DataType::Float64),
        ("cell_7", DataType::UInt64),
        ("country", DataType::Utf8),
    ];
    Arc::new(Schema::new(fields.map(|(name, kind)| Field::new(name, kind, true)).to_vec()))
}

fn word<'a>(random: &mut StdRng, of: &[&'a str]) -> &'a str {
    of.get(random.random_range(0..of.len())).copied().unwrap_or_default()
}

/// Events as they come: five kinds, nearly all of the hour, and a few words each.
fn batch(random: &mut StdRng, first: u64) -> Result<(RecordBatch, Vec<i64>)> {
    let rows = 0..BATCH_ROWS;
    let at_us: Vec<i64> =
        rows.clone().map(|r| 1_772_323_200_000_000 + ((first + r) * 2000).cast_signed()).collect();
    let late: Vec<i64> = at_us.iter().map(|us| us - random.random_range(0..30_000_000)).collect();
    let mut texts = |of: &[&str], words: usize| -> ArrayRef {
        let text = |_| (0..words).map(|_| word(random, of)).collect::<Vec<_>>().join(" ");
        Arc::new(StringArray::from_iter_values(rows.clone().map(text)))
    };
    let (sources, kinds) =
        (["iot", "gps", "usgs", "social", "rss"], ["sensor", "vehicle", "earthquake", "post", "news"]);
    let (source, kind) = (texts(&sources, 1), texts(&kinds, 1));
    let (text, country) = (texts(&WORDS, 9), texts(&["FR", "DE", "JP", "CL", "ID"], 1));
    let mut numbers = |from: f64, to: f64| -> ArrayRef {
        Arc::new(Float64Array::from_iter_values(rows.clone().map(|_| random.random_range(from..to))))
    };
    let (lat, lng, severity) = (numbers(-60.0, 70.0), numbers(-180.0, 180.0), numbers(0.0, 5.0));
    let ids = rows.clone().map(|_| format!("{:032x}", random.random::<u128>()));
    let ids = StringArray::from_iter_values(ids.collect::<Vec<_>>());
    let entities = rows.clone().map(|_| format!("device-{:05}", random.random_range(0..20_000)));
    let entities = StringArray::from_iter_values(entities.collect::<Vec<_>>());
    let cells = rows.map(|_| 0x0871_fb46_6fff_ffff + (random.random_range(0..50_000_u64) << 20));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(ids),
        source,
        Arc::new(Int64Array::from(at_us.clone())),
        Arc::new(entities),
        kind,
        Arc::new(TimestampMicrosecondArray::from(late).with_timezone("+00:00")),
        lat,
        lng,
        text,
        severity,
        Arc::new(UInt64Array::from_iter_values(cells)),
        country,
    ];
    Ok((RecordBatch::try_new(schema(), columns)?, at_us))
}

fn client(url: &str, endpoint: Option<&str>) -> Result<Arc<dyn ObjectStore>> {
    if let Some(folder) = url.strip_prefix("file://") {
        std::fs::create_dir_all(folder)?;
        return Ok(Arc::new(LocalFileSystem::new_with_prefix(folder)?.with_fsync(true)));
    }
    let mut builder = AmazonS3Builder::from_env().with_url(url).with_allow_http(true);
    if let Some(endpoint) = endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    Ok(Arc::new(builder.build()?))
}

fn properties() -> WriterProperties {
    let id = ColumnPath::from("id");
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(128 << 10))
        .set_column_dictionary_enabled(id.clone(), false)
        .set_column_bloom_filter_enabled(id.clone(), true)
        .set_column_bloom_filter_max_ndv(id, 128 << 10);
    for grows in ["revision_us", "timestamp"] {
        builder = builder
            .set_column_dictionary_enabled(grows.into(), false)
            .set_column_encoding(grows.into(), Encoding::DELTA_BINARY_PACKED);
    }
    builder.build()
}

/// Seconds by the clock and of the processor.
struct Watch(Instant, f64);

impl Watch {
    fn start() -> Result<Self> {
        Ok(Self(Instant::now(), processor_s()?))
    }

    fn stop(&self) -> Result<[f64; 2]> {
        Ok([self.0.elapsed().as_secs_f64(), processor_s()? - self.1])
    }
}

/// Of this process, in hundredths of a second: <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>.
fn processor_s() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let behind_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = behind_name.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
    Ok(ticks.sum::<std::result::Result<f64, _>>()? / 100.0)
}

fn bare(batches: &[(RecordBatch, Vec<i64>)], url: &str, endpoint: Option<&str>) -> Result<[f64; 2]> {
    let client = client(url, endpoint)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let watch = Watch::start()?;
    let mut writer = None;
    for (number, (rows, _)) in batches.iter().enumerate() {
        let open = match &mut writer {
            Some(open) => open,
            None => writer.insert(ArrowWriter::try_new(Vec::new(), schema(), Some(properties()))?),
        };
        open.write(rows)?;
        let is_last = number + 1 == batches.len();
        if (is_last || open.bytes_written() + open.in_progress_size() >= FILE_BYTES)
            && let Some(full) = writer.take()
        {
            let path = Path::from(format!("bare/{number}.parquet"));
            runtime.block_on(client.put(&path, PutPayload::from(full.into_inner()?)))?;
        }
    }
    watch.stop()
}

fn lake(batches: &[(RecordBatch, Vec<i64>)], url: &str, endpoint: Option<&str>) -> Result<[f64; 2]> {
    let options = Options {
        endpoint: endpoint.map(Into::into),
        allow_http: true,
        max_file_age_s: 3600,
        ..Options::at(format!("{url}/lake-{:08x}", rand::random::<u32>()))
    };
    let mut store = S3Store::new(options)?;
    store.open(&[Table { topic: TOPIC.into(), partitions: 1, schema: schema() }])?;
    let watch = Watch::start()?;
    let mut from = 0;
    for (rows, revisions_us) in batches {
        let next_offset = from + BATCH_ROWS;
        let offsets: Vec<u64> = (from..next_offset).collect();
        store.write(&Batch {
            topic: TOPIC,
            partition: 0,
            from,
            next_offset,
            rows,
            revisions_us,
            offsets: &offsets,
        })?;
        store.flush(false)?;
        from = next_offset;
    }
    store.flush(true)?;
    watch.stop()
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let temporary = format!("file://{}/vigie-write-rate", std::env::temp_dir().display());
    let url = arguments.next().unwrap_or(temporary);
    let endpoint = arguments.next();
    let mut random = StdRng::seed_from_u64(1);
    let batches: Vec<_> = (0..BATCHES).map(|n| batch(&mut random, n * BATCH_ROWS)).collect::<Result<_>>()?;
    let (mut bares, mut lakes) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        bares.push(bare(&batches, &url, endpoint.as_deref())?);
        lakes.push(lake(&batches, &url, endpoint.as_deref())?);
    }
    for (what, number) in [("by the clock", 0), ("of the processor", 1)] {
        let rate = |seconds: &[[f64; 2]]| {
            let mut seconds: Vec<f64> = seconds.iter().filter_map(|s| s.get(number).copied()).collect();
            seconds.sort_by(f64::total_cmp);
            seconds.get(seconds.len() / 2).map_or(0.0, |median| (BATCHES * BATCH_ROWS) as f64 / median)
        };
        let (bare, lake) = (rate(&bares), rate(&lakes));
        println!("rows per second {what}: bare {bare:.0}, lake {lake:.0} ({:.0} %)", lake / bare * 100.0);
    }
    Ok(())
}
