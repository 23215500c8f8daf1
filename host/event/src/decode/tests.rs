use arrow::array::{Array as _, AsArray as _};
use arrow::datatypes::{Float64Type, TimestampMicrosecondType};

use super::*;
use crate::Encoder;

const SCHEMA: &str = r#"{"fields": [
    {"name": "id", "kind": "utf8", "required": true}, {"name": "at", "kind": "timestamp"},
    {"name": "lat", "kind": "float64"}, {"name": "n", "kind": "int64"}, {"name": "u", "kind": "uint64"},
    {"name": "ok", "kind": "boolean"}, {"name": "kind", "kind": "utf8"}]}"#;
const MAP: &str = r#"{"fields": {"id": "id", "at": "at", "lat": "geo.1", "n": "a.n", "u": "u", "ok": "ok"},
    "constants": {"kind": "test"}}"#;

fn decoder() -> Decoder {
    Decoder::new(&serde_json::from_str(SCHEMA).unwrap(), &serde_json::from_str(MAP).unwrap()).unwrap()
}

fn check(json: &[u8], want: Result<&str, &str>) {
    let mut decoder = decoder();
    decoder
        .push(br#"{"id": "before", "at": "2018-01-31T10:20:30.123456Z", "u": 18446744073709551615}"#)
        .unwrap();
    let got = decoder.push(json);
    decoder.push(br#"{"id": "after"}"#).unwrap();
    let batch = decoder.finish().unwrap();
    let shown = String::from_utf8_lossy(json);
    match want {
        Ok(want) => {
            assert_eq!(got, Ok(()), "{shown}");
            assert_eq!(
                Encoder::new().encode(&batch).unwrap().get(1).as_deref(),
                Some(want.as_bytes()),
                "{shown}"
            );
        }
        Err(code) => {
            assert_eq!(got.map_err(|r| r.code), Err(code), "{shown}");
            assert_eq!(batch.num_rows(), 2, "a rejected event left a trace: {shown}");
        }
    }
}

#[test]
fn good_events_and_bad_ones() {
    check(br#"{"id": "a"}"#, Ok(r#"{"id":"a","kind":"test"}"#));
    check(
        br#"{"x": [1, {"y": 2}], "geo": [9, 1.5, 3], "id": "a\"\n"}"#,
        Ok(r#"{"id":"a\"\n","lat":1.5,"kind":"test"}"#),
    );
    check(
        br#"{"id": "a", "geo": null, "a": {"n": -3.0}, "ok": true}"#,
        Ok(r#"{"id":"a","n":-3,"ok":true,"kind":"test"}"#),
    );
    check(br#"{"id": "a", "geo": [1, 2]}"#, Ok(r#"{"id":"a","lat":2.0,"kind":"test"}"#));
    check(br#"{"id": "a""#, Err("VG1001"));
    check(br#"{"id": "a"} x"#, Err("VG1001"));
    check(b"", Err("VG1001"));
    check(b"{\"id\": \"\xff\"}", Err("VG1002"));
    check(&[b'['; 100_000], Err("VG1003"));
    check(br#"{"id": 1}"#, Err("VG1004"));
    check(br#"{"id": "a", "n": 1, "a": 5}"#, Err("VG1004"));
    check(br#"{"id": "a", "u": "+1"}"#, Err("VG1004"));
    check(br#"{"id": "a", "u": "10000000000000000"}"#, Err("VG1004"));
    check(br#"{"id": {"x": 1}}"#, Err("VG1004"));
    check(br#"{"u": 1}"#, Err("VG1005"));
    check(br#"{"id": null}"#, Err("VG1005"));
    check(br#"{"id": "a", "u": -1}"#, Err("VG1006"));
    check(br#"{"id": "a", "a": {"n": 1.5}}"#, Err("VG1006"));
    check(br#"{"id": "a", "at": "1900-01-01T00:00:00Z"}"#, Err("VG1007"));
    check(br#"{"id": "a", "at": "2900-01-01T00:00:00Z"}"#, Err("VG1007"));
    check(&vec![b' '; crate::MAX_EVENT_BYTES + 1], Err("VG1008"));
    check(br#"{"id": "a", "id": "b"}"#, Err("VG1009"));
    check(br#"[{"id": "a"}]"#, Err("VG1010"));
    check(b"7", Err("VG1010"));
    check(b"null", Err("VG1010"));
}

#[test]
fn nan_is_no_json() {
    check(br#"{"id": "a", "geo": [0, NaN]}"#, Err("VG1001"));
}

#[test]
fn floats_and_times_survive_encoding_and_decoding() {
    let schema: Schema = serde_json::from_str(SCHEMA).unwrap();
    let names = schema.fields.iter().map(|f| (f.name.clone(), Source::Path(f.name.clone())));
    let identity = DecodeMap { fields: names.collect(), constants: Default::default() };
    let mut decoder = Decoder::new(&schema, &identity).unwrap();
    let mut seed = 7_u64;
    let mut wanted = Vec::new();
    while wanted.len() < 20_000 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let x = f64::from_bits(seed ^ (seed >> 29));
        if x.is_finite() {
            let us = seed % 7_000_000_000_000_000;
            decoder.push(format!(r#"{{"id": "a", "lat": {x:?}}}"#).as_bytes()).unwrap();
            wanted.push((x, us));
        }
    }
    let batch = decoder.finish().unwrap();
    let mut encoder = Encoder::new();
    let encoded = encoder.encode(&batch).unwrap();
    for row in 0..encoded.len() {
        decoder.push(&encoded.get(row).unwrap()).unwrap();
    }
    let again = decoder.finish().unwrap();
    assert_eq!(batch, again);
    let column = again.column_by_name("lat").unwrap().as_primitive::<Float64Type>().clone();
    for (row, (x, _)) in wanted.iter().enumerate() {
        assert_eq!(column.value(row).to_bits(), x.to_bits(), "{x:?}");
    }
}

#[test]
fn the_real_earthquakes_are_what_serde_json_reads() {
    let schema = r#"{"fields": [{"name": "id", "kind": "utf8", "required": true},
        {"name": "mag", "kind": "float64"}, {"name": "at", "kind": "timestamp", "required": true},
        {"name": "lat", "kind": "float64", "required": true}]}"#;
    let map = r#"{"fields": {"id": "id", "mag": "properties.mag", "lat": "geometry.coordinates.1",
        "at": {"path": "properties.time", "time": "millis"}}}"#;
    let mut decoder =
        Decoder::new(&serde_json::from_str(schema).unwrap(), &serde_json::from_str(map).unwrap()).unwrap();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/usgs-earthquakes.ndjson");
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().for_each(|line| decoder.push(line.as_bytes()).unwrap());
    let batch = decoder.finish().unwrap();
    assert_eq!(batch.num_rows(), 1707);
    let floats = |name: &str| batch.column_by_name(name).unwrap().as_primitive::<Float64Type>().clone();
    let (mag, lat) = (floats("mag"), floats("lat"));
    let at = batch.column_by_name("at").unwrap().as_primitive::<TimestampMicrosecondType>();
    for (row, line) in text.lines().enumerate() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        let number = |path: &str| value.pointer(path).and_then(serde_json::Value::as_f64);
        assert_eq!(mag.is_valid(row).then(|| mag.value(row)), number("/properties/mag"));
        assert_eq!(Some(lat.value(row)), number("/geometry/coordinates/1"));
        let ms = value.pointer("/properties/time").and_then(serde_json::Value::as_i64);
        assert_eq!(Some(at.value(row)), ms.map(|ms| ms * 1000));
    }
}
