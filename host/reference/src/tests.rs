use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, StringArray};
use arrow::datatypes::{Float64Type, Int64Type};

use crate::{Definition, Table, Tables, cells};

fn definition(json: serde_json::Value) -> Definition {
    serde_json::from_value(json).unwrap()
}

fn data(file: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data").join(file)).unwrap()
}

fn real() -> Tables {
    let countries = definition(serde_json::json!({
        "table": "countries", "fences": "countries.geojson", "key": "iso_n3", "columns": {"name": "utf8"},
    }));
    let cities = definition(serde_json::json!({
        "table": "cities", "places": "cities15000.csv", "key": "geoname_id", "position": ["lat", "lng"],
        "columns": {"name": "utf8", "population": "int64"}, "at_least": {"population": 100_000},
    }));
    let mut tables = Tables::default();
    tables.add("countries", Table::read(&countries, &data("countries.geojson")).unwrap()).unwrap();
    tables.add("cities", Table::read(&cities, &data("cities15000.csv")).unwrap()).unwrap();
    tables
}

fn names(tables: &Tables, table: &str, keys: &ArrayRef) -> Vec<Option<String>> {
    let found = tables.find(table, &["name".into()], keys).unwrap();
    found[0].as_string::<i32>().iter().map(|name| name.map(Into::into)).collect()
}

#[test]
fn the_real_tables_know_where_points_lie() {
    let tables = real();
    // Bago, Bern, the middle of the Atlantic, Maseru in Lesotho, which is a hole in South Africa.
    let (lat, lng) = ([17.34, 46.95, 0.0, -29.31], [96.48, 7.45, -30.0, 27.48]);
    let countries = names(&tables, "countries", &tables.fences("countries", &lat, &lng).unwrap());
    let want = [Some("Myanmar"), Some("Switzerland"), None, Some("Lesotho")];
    assert_eq!(countries.iter().map(Option::as_deref).collect::<Vec<_>>(), want);
    let (places, metres) = tables.nearest("cities", &lat, &lng, 200_000.0).unwrap();
    let found = names(&tables, "cities", &places);
    assert_eq!(found[1].as_deref(), Some("Bern"));
    assert_eq!(found[2], None, "no place within 200 km of the middle of the Atlantic");
    let metres = metres.as_primitive::<Float64Type>();
    assert!(metres.value(1) < 2_000.0 && metres.is_null(2));
    let people = tables.find("cities", &["population".into()], &places).unwrap();
    assert!(people[0].as_primitive::<Int64Type>().value(1) >= 100_000);
}

#[test]
fn the_nearest_place_may_lie_across_the_date_line() {
    let csv = b"id,lat,lng\nwest,0,179.9\neast,0,-170\n";
    let places = definition(serde_json::json!({
        "table": "p", "places": "p.csv", "key": "id", "position": ["lat", "lng"], "columns": {},
    }));
    let mut tables = Tables::default();
    tables.add("p", Table::read(&places, csv).unwrap()).unwrap();
    let (keys, metres) = tables.nearest("p", &[0.0], &[-179.9], 1e9).unwrap();
    assert_eq!(keys.as_string::<i32>().value(0), "west");
    // 0.2 degrees of the equator.
    let distance = metres.as_primitive::<Float64Type>().value(0);
    assert!((distance - 22_239.0).abs() < 1.0, "{distance}");
}

#[test]
fn a_wrong_table_is_refused_with_its_place_and_without_its_values() {
    let rows = |extra: serde_json::Value| {
        let mut json =
            serde_json::json!({"table": "t", "rows": "t.csv", "key": "id", "columns": {"n": "int64"}});
        json.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        definition(json)
    };
    let check = |definition: &Definition, csv: &[u8], want: &str| {
        let error = Table::read(definition, csv).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(want), "{error}");
        assert!(!error.contains("secret"), "{error}");
    };
    let none = serde_json::json!({});
    check(&rows(none.clone()), b"id,n\na,secret\n", "VG0106: table `t`, row 1, column `n`: is no int64");
    check(&rows(none.clone()), b"id,n\na,1\na,2\n", "row 2: its key stands in the table twice");
    check(&rows(none.clone()), b"id\na\n", "VG0105: table `t`: its file has no column `n`");
    check(&rows(none.clone()), b"id,n\na,1,secret\n", "line 2: cannot be read as CSV");
    check(&rows(serde_json::json!({"sha256": "00"})), b"id,n\n", "another one is pinned");
    check(&rows(serde_json::json!({"fences": "f"})), b"", "by one of `rows`, `fences` and `places`");
}

#[test]
fn keys_that_are_none_find_nothing() {
    let tables = real();
    let keys: ArrayRef = Arc::new(StringArray::from(vec![None, Some("no such key"), Some("756")]));
    assert_eq!(names(&tables, "countries", &keys), [None, None, Some("Switzerland".to_owned())]);
    assert!(tables.find("countries", &["nothing".into()], &keys).is_err());
    assert!(tables.nearest("countries", &[0.0], &[0.0], 1.0).is_err());
}

#[test]
fn cells_of_points_outside_the_world_are_none() {
    let found = cells(&[46.95, 91.0, f64::NAN], &[7.45, 0.0, 0.0], 7).unwrap();
    assert_eq!(found[1..], [0, 0]);
    assert_eq!(h3o::CellIndex::try_from(found[0]).unwrap().resolution(), h3o::Resolution::Seven);
    assert!(cells(&[], &[], 16).is_err());
}
