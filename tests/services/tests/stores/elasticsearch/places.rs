//! The questions that Kibana asks, of a table by its alias.

use ::services::Elasticsearch;
use serde_json::{Value, json};

use super::common::{Event, JANUARY_US, SECOND_US, World, event, write};

const DAY_US: i64 = 86_400 * SECOND_US;
/// In Lima, in Callao 12 km from there, and in Cusco.
const PLACES: [(&str, f64, f64, u64); 3] = [
    ("lima", -12.05, -77.04, 0x0878_e62c_63ff_ffff),
    ("callao", -12.05, -77.15, 0x0878_e62c_64ff_ffff),
    ("cusco", -13.53, -71.97, 0x0878_e489_10ff_ffff),
];

pub fn fill(world: &World) {
    let mut store = world.open();
    let at = |(day, (id, lat, lng, cell)): (i64, (&str, f64, f64, u64))| Event {
        at_us: JANUARY_US + day * DAY_US,
        text: format!("Floods near {id}, roads are closed"),
        place: Some((lat, lng)),
        cell,
        ..event(id)
    };
    let mut events: Vec<Event> = (0..).zip(PLACES).map(at).collect();
    events.push(Event { place: None, text: "no place at all".into(), ..event("nowhere") });
    assert_eq!(write(&mut store, &events, 4).unwrap(), []);
}

fn buckets(found: &Value, key: &str) -> Vec<(String, u64)> {
    let buckets = found["aggregations"]["a"]["buckets"].as_array().unwrap();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), Into::into);
    buckets.iter().map(|bucket| (text(&bucket[key]), bucket["doc_count"].as_u64().unwrap())).collect()
}

pub fn ask(world: &World) {
    let found = |query: Value| world.find(&query);
    assert_eq!(found(json!({"match": {"text": "FLOODS"}})), ["callao", "cusco", "lima"]);
    assert_eq!(found(json!({"match_phrase": {"text": "near lima"}})), ["lima"]);
    let corner = |lat: f64, lon: f64| json!({"lat": lat, "lon": lon});
    let coast = json!({"top_left": corner(-12.0, -77.2), "bottom_right": corner(-12.1, -77.0)});
    assert_eq!(found(json!({"geo_bounding_box": {"position": coast}})), ["callao", "lima"]);
    let near =
        |distance: &str| json!({"geo_distance": {"distance": distance, "position": corner(-12.05, -77.04)}});
    assert_eq!(found(near("1km")), ["lima"]);
    assert_eq!(found(near("15km")), ["callao", "lima"]);
    assert_eq!(found(near("700km")), ["callao", "cusco", "lima"]);
    let aggregate = |a: Value| world.search(&json!({"size": 0, "aggs": {"a": a}}));
    let tiles = aggregate(json!({"geotile_grid": {"field": "position", "precision": 6}}));
    assert_eq!(buckets(&tiles, "key").iter().map(|b| b.1).collect::<Vec<_>>(), [2, 1]);
    let days = aggregate(json!({"date_histogram": {"field": "timestamp", "calendar_interval": "month"}}));
    let months = buckets(&days, "key_as_string");
    assert_eq!(
        months.iter().map(|(month, n)| (&month[..7], *n)).collect::<Vec<_>>(),
        [("2018-01", 2), ("2018-02", 2)]
    );
    // From a map of large cells into one of them, by fields that were made of the column.
    let cells = buckets(&aggregate(json!({"terms": {"field": "cell_4"}})), "key");
    assert_eq!(cells.iter().map(|b| b.1).sum::<u64>(), 4);
    let largest = cells.first().unwrap();
    let inside = found(json!({"term": {"cell_4": largest.0}}));
    assert!(inside.contains(&"lima".into()) && !inside.contains(&"cusco".into()), "{inside:?}");
    let time = json!({"gte": "2018-02-01", "lt": "2018-02-02"});
    assert_eq!(found(json!({"range": {"timestamp": time}})), ["callao"]);
}

#[test]
fn text_places_times_and_cells_are_found() {
    let world = World::new(&Elasticsearch::shared().unwrap());
    fill(&world);
    ask(&world);
}
