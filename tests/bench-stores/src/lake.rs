//! S3: the lake, and a Parquet writer with the same settings whose files are put as they are.

use std::sync::Arc;

use anyhow::{Context as _, Result};
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

impl Side for Bucket {
    fn into_node(self: Box<Self>) -> Node {
        Node::S3(Box::new(self.node))
    }

    fn by_store(&mut self, rows: &Rows) -> Result<Took> {
        Took::of(&self.node.server, || deliver(&mut self.store, rows))
    }

    fn by_client(&mut self, rows: &Rows) -> Result<Took> {
        Took::of(&self.node.server, || {
            let schema = rows.schema().context("there are no rows")?;
            let mut writer = ArrowWriter::try_new(Vec::new(), schema, Some(properties()))?;
            rows.batches().iter().try_for_each(|(batch, _)| writer.write(batch))?;
            let path = Path::from(format!("bare/{}.parquet", rows.numbers().start));
            let payload = PutPayload::from(writer.into_inner()?);
            self.runtime.block_on(self.client.put(&path, payload))?;
            Ok(())
        })
    }
}
