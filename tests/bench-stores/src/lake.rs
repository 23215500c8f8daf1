//! S3: the lake, and a Parquet writer with the same settings whose files are put as they are.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use arrow::array::{Array as _, ArrayRef, AsArray as _, BinaryArray, Int64Array, RecordBatch};
use arrow::datatypes::{Field, Float64Type, Schema};
use deliver::Store as _;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{ObjectStoreExt as _, PutPayload};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;
use services::Minio;
use store_s3::{Credentials, Options, S3Store};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::flow::Node;
use crate::rows::{self, Rows};
use crate::side::{Side, Took, deliver};

/// Both on a server of their own.
pub struct Bucket {
    store: S3Store,
    runtime: Runtime,
    client: Arc<AmazonS3>,
    _folder: TempDir,
    node: Minio,
}

impl Bucket {
    pub fn start() -> Result<Self> {
        let (node, folder) = (Minio::start()?, tempfile::tempdir()?);
        let s3 = node.s3();
        let (key, secret) = (folder.path().join("key"), folder.path().join("secret"));
        std::fs::write(&key, &s3.key)?;
        std::fs::write(&secret, &s3.secret)?;
        let credentials =
            Credentials { access_key_id_file: key, secret_access_key_file: secret, session_token_file: None };
        let mut store = S3Store::new(Options {
            endpoint: Some(s3.endpoint.clone()),
            allow_http: true,
            credentials: Some(credentials),
            ..Options::at(format!("s3://{}/lake", s3.bucket))
        })?;
        store.open(&[rows::table()?])?;
        let client = AmazonS3Builder::new()
            .with_endpoint(s3.endpoint)
            .with_allow_http(true)
            .with_bucket_name(s3.bucket)
            .with_access_key_id(s3.key)
            .with_secret_access_key(s3.secret)
            .with_region("us-east-1")
            .build()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { store, runtime, client: Arc::new(client), _folder: folder, node })
    }
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

/// With the columns that the lake adds: the offset, and the point as GeoParquet has it.
fn as_kept(rows: &RecordBatch) -> Result<RecordBatch> {
    let degrees = |name: &str| {
        let column = rows.column_by_name(name).and_then(|column| column.as_primitive_opt::<Float64Type>());
        column.with_context(|| format!("there is no {name}"))
    };
    let point = |(lng, lat): (&f64, &f64)| {
        // Little-endian, and the number of points among the kinds of shapes.
        [&[1, 1, 0, 0, 0][..], &lng.to_le_bytes(), &lat.to_le_bytes()].concat()
    };
    let points = degrees("lng")?.values().iter().zip(degrees("lat")?.values().iter()).map(point);
    let offsets = Int64Array::from_iter_values(0..i64::try_from(rows.num_rows())?);
    let added: [(&str, ArrayRef); 2] =
        [("_offset", Arc::new(offsets)), ("geometry", Arc::new(BinaryArray::from_iter_values(points)))];
    let (mut fields, mut columns) = (rows.schema().fields().to_vec(), rows.columns().to_vec());
    for (name, column) in added {
        fields.push(Arc::new(Field::new(name, column.data_type().clone(), name == "geometry")));
        columns.push(column);
    }
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

impl Side for Bucket {
    fn into_node(self: Box<Self>) -> Node {
        Node::S3(Box::new(self.node))
    }

    fn by_store(&mut self, rows: &Rows) -> Result<Took> {
        Took::of(&self.node.server, || deliver(&mut self.store, rows))
    }

    fn by_client(&mut self, rows: &Rows) -> Result<Took> {
        let batches = rows.batches().iter().map(|(batch, _)| as_kept(batch)).collect::<Result<Vec<_>>>()?;
        Took::of(&self.node.server, || {
            let schema = batches.first().context("there are no rows")?.schema();
            let mut writer = ArrowWriter::try_new(Vec::new(), schema, Some(properties()))?;
            batches.iter().try_for_each(|batch| writer.write(batch))?;
            let path = Path::from(format!("bare/{}.parquet", rows.numbers().start));
            let payload = PutPayload::from(writer.into_inner()?);
            self.runtime.block_on(self.client.put(&path, payload))?;
            Ok(())
        })
    }
}
