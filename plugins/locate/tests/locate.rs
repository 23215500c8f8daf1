//! The plugin as the host sees it, natively.

// The exemption of tests from these lints does not reach the functions that tests share.
#![allow(clippy::unwrap_used)]

use h3o::{CellIndex, LatLng, Resolution};
use locate::Locate;
use vigie::testing::{Host, Outcome, Value, column, run, set_host};

/// H3 itself would wrap angles beyond the poles and the date line.
struct Cells;

impl Host for Cells {
    fn cells(&mut self, lat: &[f64], lng: &[f64], resolution: u8) -> Vec<u64> {
        let resolution = Resolution::try_from(resolution).unwrap();
        let cell = |(lat, lng): (&f64, &f64)| {
            let on_earth = lat.abs() <= 90.0 && lng.abs() <= 180.0;
            if on_earth { LatLng::new(*lat, *lng).unwrap().to_cell(resolution).into() } else { 0 }
        };
        lat.iter().zip(lng).map(cell).collect()
    }
}

fn located(positions: &[(Option<f64>, Option<f64>)]) -> Outcome {
    let lat = column("lat", positions.iter().map(|p| p.0));
    let lng = column("lng", positions.iter().map(|p| p.1));
    set_host(Cells);
    run::<Locate>("{}", &[lat, lng]).unwrap()
}

fn only(outcome: &Outcome, name: &str) -> Value {
    outcome.column(name).unwrap().remove(0)
}

#[test]
fn a_known_position_has_the_ancestors_of_its_known_cell() {
    // The Statue of Liberty, as in H3's own README: resolution 10 gives 8a2a1072b59ffff.
    let outcome = located(&[(Some(40.689_167), Some(-74.044_444))]);
    let known = CellIndex::try_from(0x08a2_a107_2b59_ffff).unwrap();
    let ancestor = |resolution| Value::Uint(known.parent(resolution).unwrap().into());
    assert_eq!(only(&outcome, "cell_7"), ancestor(Resolution::Seven));
    assert_eq!(only(&outcome, "cell_4"), ancestor(Resolution::Four));
    assert_eq!(only(&outcome, "cell_7"), Value::Uint(0x0872_a107_2bff_ffff));
}

#[test]
fn no_position_has_no_cells() {
    let outcome = located(&[(None, None)]);
    assert_eq!((only(&outcome, "cell_7"), only(&outcome, "cell_4")), (Value::Null, Value::Null));
    assert_eq!(outcome.count("without position"), Some(1));
    assert!(outcome.rejects().is_empty());
}

#[test]
fn half_a_position_and_one_outside_are_refused() {
    let nan = f64::NAN;
    let good = (Some(0.0), Some(0.0));
    let outcome = located(&[
        good,
        (Some(90.1), Some(0.0)),
        (Some(1.0), None),
        good,
        (Some(nan), Some(1.0)),
        (None, Some(1.0)),
        (Some(0.0), Some(-180.5)),
        (Some(0.0), Some(f64::INFINITY)),
        (Some(-90.0), Some(180.0)),
    ]);
    let (outside, half) = ("position outside the world", "half a position");
    let expected = [(1, outside), (2, half), (4, outside), (5, half), (6, outside), (7, outside)];
    assert_eq!(outcome.rejects(), expected);
    let cells = outcome.column("cell_7").unwrap();
    assert_eq!(cells.len(), 9);
    for (row, cell) in cells.iter().enumerate() {
        assert_eq!(*cell == Value::Null, expected.iter().any(|(refused, _)| *refused == row as u32));
    }
    // Two bytes of validity, and the last row in the second.
    assert_eq!(outcome.patch.columns[0].validity.as_deref(), Some(&[0b0000_1001, 1][..]));
}

#[test]
fn resolutions_are_one_to_four_different_ones() {
    let position = [column("lat", [Some(46.95)]), column("lng", [Some(7.45)])];
    let outcome = run::<Locate>(r#"{"resolutions": [4, 9, 7]}"#, &position).unwrap();
    let names: Vec<&str> = outcome.plan.writes.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["cell_9", "cell_7", "cell_4"], "finest first");
    for wrong in ["[]", "[16]", "[7, 7]", "[1, 2, 3, 4, 5]"] {
        let problems = run::<Locate>(&format!("{{\"resolutions\": {wrong}}}"), &position).unwrap_err();
        assert_eq!(problems[0].path, "resolutions", "{wrong}");
    }
}

#[test]
fn fields_that_do_not_reach_the_step_are_not_read() {
    let outcome = run::<Locate>("{}", &[column("text", ["a", "b"])]).unwrap();
    assert!(outcome.plan.reads.is_empty());
    assert_eq!(outcome.column("cell_4").unwrap(), [Value::Null, Value::Null]);
}

#[test]
fn a_field_of_another_kind_is_a_problem() {
    let input = [column("lat", ["north"]), column("lng", [Some(0.0)])];
    assert_eq!(run::<Locate>("{}", &input).unwrap_err()[0].path, "lat");
}
