//! The same on OpenSearch, which has shapes and languages too.

use ::services::OpenSearch;
use deliver::Store as _;
use serde_json::json;

use super::common::{Event, TOPIC, World, event, write};
use super::places;

#[test]
fn opensearch_takes_rows_shapes_and_languages() {
    let server = OpenSearch::start().unwrap();
    let world = World::new(&server.url());
    places::fill(&world);
    places::ask(&world);
    let mut store = world.open();
    assert_eq!(store.warnings(), [""; 0]);
    // The English field knows that closing and closed are one word, the plain one does not.
    assert_eq!(world.find(&json!({"match": {"text": "closing"}})), [""; 0]);
    assert_eq!(world.find(&json!({"match": {"text.english": "closing"}})), ["callao", "cusco", "lima"]);

    let shape = |id: &str, shape: &str| Event { shape: Some(shape.into()), place: None, ..event(id) };
    let flooded =
        shape("flooded", "POLYGON ((-77.1 -12.1, -77.0 -12.1, -77.0 -12.0, -77.1 -12.0, -77.1 -12.1))");
    let rejects = write(&mut store, &[flooded.clone(), shape("none", "no shape")], 6).unwrap();
    let kinds: Vec<_> = rejects.iter().map(|reject| (reject.row, reject.kind.as_str())).collect();
    assert_eq!(kinds, [(1, "mapper_parsing_exception")]);
    let within = |lng: f64| {
        let point = json!({"type": "point", "coordinates": [lng, -12.05]});
        world.find(&json!({"geo_shape": {"shape": {"shape": point, "relation": "contains"}}}))
    };
    assert_eq!(within(-77.05), ["flooded"]);
    assert_eq!(within(-77.5), [""; 0]);

    assert_eq!(write(&mut store, &[Event { text: "a repeat".into(), ..flooded }], 7).unwrap(), []);
    store.flush(true).unwrap();
    assert_eq!(world.find(&json!({"match": {"text": "repeat"}})), [""; 0]);
    assert_eq!(world.open().cursor(TOPIC, 0).unwrap(), Some(7));
}
