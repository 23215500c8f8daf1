//! How a table's rows stand in Parquet files.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Float64Type, Schema, SchemaRef, TimeUnit};
use deliver::StoreError;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;

use crate::geo::{self, Bounds, GEOMETRY};
use crate::manifest::{Column, columns, digest};

/// The offset of each row's record: which of two rows of the same id and revision is the later one.
pub(crate) const OFFSET: &str = "_offset";

/// The columns and settings of a table's files.
#[derive(Clone, Debug)]
pub(crate) struct Format {
    /// With the columns that the lake adds.
    schema: SchemaRef,
    /// Of the table's columns.
    pub schema_digest: String,
    pub columns: Vec<Column>,
    /// The columns of latitude and longitude, where each row is to have a point.
    place: Option<(usize, usize)>,
    pub properties: WriterProperties,
}

impl Format {
    /// Of a table.
    pub(crate) fn new(topic: &str, table: &SchemaRef, row_group_rows: usize) -> Result<Self, StoreError> {
        let columns = columns(topic, table)?;
        if table.column_with_name(OFFSET).is_some() {
            let why = format!("column {OFFSET} is the lake's own; give it another name");
            return Err(StoreError::Differs { table: topic.into(), why });
        }
        let at = |name: &str| {
            let (number, field) = table.column_with_name(name)?;
            (*field.data_type() == DataType::Float64).then_some(number)
        };
        let place = at("lat").zip(at("lng")).filter(|_| table.column_with_name(GEOMETRY).is_none());
        let mut fields: Vec<Field> = table.fields().iter().map(|f| f.as_ref().clone()).collect();
        fields.push(Field::new(OFFSET, DataType::Int64, false));
        if place.is_some() {
            fields.push(Field::new(GEOMETRY, DataType::Binary, true));
        }
        let schema = Arc::new(Schema::new(fields));
        let properties = properties(&schema, row_group_rows);
        Ok(Self { schema, schema_digest: digest(&columns), columns, place, properties })
    }

    /// Of files that are merged, whose columns are already all there.
    pub(crate) fn of_files(schema: &SchemaRef, schema_digest: &str, row_group_rows: usize) -> Self {
        let at = |name: &str| schema.column_with_name(name).map(|(number, _)| number);
        let place = at(GEOMETRY).and_then(|_| at("lat").zip(at("lng")));
        // What a reader adds to a schema is the old file's, and its points' bounds with it.
        let schema = Arc::new(Schema::new(schema.fields().clone()));
        let properties = properties(&schema, row_group_rows);
        Self { schema, schema_digest: schema_digest.into(), columns: Vec::new(), place, properties }
    }

    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    pub(crate) fn has_places(&self) -> bool {
        self.place.is_some()
    }

    /// The table's columns of some rows, and the lake's; `offsets` are of these rows.
    pub(crate) fn rows(
        &self,
        rows: &RecordBatch,
        offsets: Int64Array,
        bounds: &mut Bounds,
    ) -> Result<RecordBatch, StoreError> {
        let mut columns = rows.columns().to_vec();
        columns.push(Arc::new(offsets));
        columns.extend(self.points(rows, bounds));
        RecordBatch::try_new(self.schema.clone(), columns)
            .map_err(|_| StoreError::Failed("rows do not have the columns of their table".into()))
    }

    /// A point for each row; the bounds grow by them.
    pub(crate) fn points(&self, rows: &RecordBatch, bounds: &mut Bounds) -> Option<ArrayRef> {
        let (lat, lng) = self.place?;
        let degrees = |number: usize| rows.columns().get(number)?.as_primitive_opt::<Float64Type>();
        Some(geo::points(degrees(lat)?, degrees(lng)?, bounds))
    }
}

/// Statistics per page come with the default; a bloom filter is only for what is looked for one by one.
fn properties(schema: &SchemaRef, row_group_rows: usize) -> WriterProperties {
    let mut builder = WriterProperties::builder()
        .set_created_by(concat!("vigie ", env!("CARGO_PKG_VERSION")).into())
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(row_group_rows));
    for field in schema.fields() {
        builder = column(builder, field, row_group_rows);
    }
    builder.build()
}

fn column(builder: WriterPropertiesBuilder, field: &Field, row_group_rows: usize) -> WriterPropertiesBuilder {
    let path = ColumnPath::from(field.name().as_str());
    match (field.name().as_str(), field.data_type()) {
        // Each value stands once: a dictionary would be work for nothing.
        ("id", DataType::Utf8) => builder
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_bloom_filter_enabled(path.clone(), true)
            .set_column_bloom_filter_fpp(path.clone(), 0.01)
            .set_column_bloom_filter_max_ndv(path, row_group_rows as u64),
        // Its bounds are in the metadata: the order of bytes says nothing of places.
        (GEOMETRY, DataType::Binary) => builder
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_statistics_enabled(path, EnabledStatistics::None),
        // Times and counters grow.
        (OFFSET | "revision_us", DataType::Int64) | (_, DataType::Timestamp(TimeUnit::Microsecond, _)) => {
            builder
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED)
        }
        _ => builder,
    }
}
