"""Reads the files of a lake's manifests, named on standard input, with DuckDB and pyarrow; prints what each finds.

Their answers go out as JSON: {"duckdb": [rows, ids, newest rows' revisions added], "pyarrow": the same, ...}.
"""
import json
import struct
import sys

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

asked = json.load(sys.stdin)
files, s3 = asked["files"], asked.get("s3")
connection = duckdb.connect()
filesystem = None
if s3:
    from pyarrow import fs
    filesystem = fs.S3FileSystem(access_key=s3["key"], secret_key=s3["secret"], endpoint_override=s3["endpoint"], scheme="http", region="us-east-1")
    files = [name.removeprefix("s3://") for name in files]

found = {}
newest = "select * from rows qualify row_number() over (partition by id order by revision_us desc, _offset desc) = 1"
if not s3:
    connection.execute("create view rows as select * from read_parquet(?, union_by_name = true, hive_partitioning = true)".replace("?", json.dumps(files).replace('"', "'")))
    found["duckdb"] = list(connection.execute(f"select (select count(*) from rows), count(*), sum(revision_us)::varchar, count(geometry) from ({newest})").fetchone())
    found["hours"] = connection.execute("select count(distinct (date, hour)) from rows").fetchone()[0]
    found["bloom"] = connection.execute("select count(*) from parquet_metadata(?) where path_in_schema = 'id' and bloom_filter_offset is not null".replace("?", json.dumps(files).replace('"', "'"))).fetchone()[0]

tables = [pq.ParquetFile(name, filesystem=filesystem).read() if filesystem is None else pq.read_table(name, filesystem=filesystem, partitioning=None) for name in files]
table = pa.concat_tables(tables, promote_options="default")
best = {}
for row in table.select(["id", "revision_us", "_offset", "geometry", "lat", "lng"]).to_pylist():
    known = best.get(row["id"])
    if known is None or (known["revision_us"], known["_offset"]) < (row["revision_us"], row["_offset"]):
        best[row["id"]] = row
points = 0
for row in best.values():
    if row["geometry"] is not None:
        points += 1
        assert row["geometry"] == struct.pack("<BIdd", 1, 1, row["lng"], row["lat"])
found["pyarrow"] = [table.num_rows, len(best), str(sum(row["revision_us"] for row in best.values())), points]
found["geo"] = json.loads(pq.read_metadata(files[0], filesystem=filesystem).metadata[b"geo"])
json.dump(found, sys.stdout)
