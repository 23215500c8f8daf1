//! Trucks that go to and fro on roads. Where a truck is and whether it has network follows from the seed
//! and the time alone: no history is kept, and events may be made in any order. In whole millimetres and
//! millionths of a degree.

use crate::random::fixed;
use crate::{MINUTE_US, START_US};

pub(crate) const TRUCKS: u32 = 25;

/// Latitude and longitude in millionths of a degree.
pub(crate) type Place = (i64, i64);

/// Roads of the region, roughly.
const ROADS: [&[Place]; 5] = [
    // Yangon, Hlegu, Intagaw, Bago
    &[(16_866_000, 96_195_000), (17_092_000, 96_221_000), (17_190_000, 96_362_000), (17_335_000, 96_481_000)],
    // Bago, Payagyi, Daik-U, Nyaunglebin
    &[(17_335_000, 96_481_000), (17_471_000, 96_548_000), (17_794_000, 96_676_000), (17_953_000, 96_724_000)],
    // Bago, Payagyi, Waw, Sittaung bridge, Kyaikto
    &[
        (17_335_000, 96_481_000),
        (17_471_000, 96_548_000),
        (17_476_000, 96_676_000),
        (17_443_000, 96_861_000),
        (17_307_000, 97_012_000),
    ],
    // Bago, Thanatpin, Kawa
    &[(17_335_000, 96_481_000), (17_293_000, 96_576_000), (17_087_000, 96_469_000)],
    // Round the town, from the north-west to the hospital
    &[(17_371_000, 96_448_000), (17_352_000, 96_503_000), (17_318_000, 96_496_000), (17_309_000, 96_462_000)],
];

const SLOWEST_KMH: i64 = 30;
const FASTEST_KMH: i64 = 70;
/// At the end of the road; longer when the truck was fast.
const REST_US: i64 = 10 * MINUTE_US;

/// Where a truck is, how fast and where to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fix {
    pub(crate) place: Place,
    pub(crate) speed_kmh: i64,
    /// Degrees from north, clockwise.
    pub(crate) heading: i64,
}

/// Where a truck is at a time.
pub(crate) fn fix(seed: u64, truck: u32, at_us: i64) -> Fix {
    let road = ROADS.get(truck as usize % ROADS.len()).copied().unwrap_or_default();
    let length_mm: i64 = road.windows(2).map(|pair| stretch(pair).2).sum();
    // 1 km/h is 1 mm in 3600 µs.
    let leg_us = length_mm * 3600 / SLOWEST_KMH + REST_US;
    let since_us = at_us - START_US + fixed(seed, u64::from(truck), -1, leg_us);
    let leg = since_us.div_euclid(leg_us);
    let kmh = SLOWEST_KMH + fixed(seed, u64::from(truck), leg, FASTEST_KMH - SLOWEST_KMH + 1);
    let gone_mm = (since_us.rem_euclid(leg_us) * kmh / 3600).min(length_mm);
    let back = leg.rem_euclid(2) == 1;
    let (place, heading) = along(road, if back { length_mm - gone_mm } else { gone_mm });
    Fix {
        place,
        speed_kmh: if gone_mm < length_mm { kmh } else { 0 },
        heading: if back { (heading + 180) % 360 } else { heading },
    }
}

/// The place at a distance from the start of a road, and where the road leads there.
fn along(road: &[Place], distance_mm: i64) -> (Place, i64) {
    let mut left_mm = distance_mm;
    let mut at = (road.first().copied().unwrap_or_default(), 0);
    for pair in road.windows(2) {
        let &[a, b] = pair else { break };
        let (north_mm, east_mm, length_mm) = stretch(pair);
        let on_mm = left_mm.min(length_mm);
        let length = length_mm.max(1);
        let place = (a.0 + (b.0 - a.0) * on_mm / length, a.1 + (b.1 - a.1) * on_mm / length);
        at = (place, heading(north_mm, east_mm));
        left_mm -= on_mm;
        if left_mm == 0 {
            break;
        }
    }
    at
}

/// From one place to the next: millimetres to the north, to the east, and in all.
fn stretch(pair: &[Place]) -> (i64, i64, i64) {
    let &[a, b] = pair else { return (0, 0, 0) };
    // A millionth of a degree is 111.32 mm of latitude, and at 17.3° north 106.28 mm of longitude.
    let north_mm = (b.0 - a.0) * 11_132 / 100;
    let east_mm = (b.1 - a.1) * 10_628 / 100;
    (north_mm, east_mm, (north_mm * north_mm + east_mm * east_mm).isqrt())
}

/// A bearing in degrees. Within an eighth of the circle the arc tangent of r is about
/// 45° r + 15.64° r (1 - r), wrong by less than 0.3° (Rajan et al., 2006).
fn heading(north: i64, east: i64) -> i64 {
    let (n, e) = (north.abs(), east.abs());
    let r = n.min(e) * 1000 / n.max(e).max(1);
    let eighth = (45_000 * r + 15_640 * r * (1000 - r) / 1000 + 500_000) / 1_000_000;
    let angle = if e > n { 90 - eighth } else { eighth };
    match (north >= 0, east >= 0) {
        (true, true) => angle,
        (false, true) => 180 - angle,
        (false, false) => 180 + angle,
        (true, false) => (360 - angle) % 360,
    }
}

/// Every fifth truck loses the network, once in three hours.
const UNSTEADY: u32 = 5;
const OUTAGES_US: i64 = 180 * MINUTE_US;
const SHORTEST_US: i64 = 2 * MINUTE_US;
const LONGEST_US: i64 = 39 * MINUTE_US;

/// When a truck has its network back, if it has none at a time.
pub(crate) fn network_back_us(seed: u64, truck: u32, at_us: i64) -> Option<i64> {
    if !truck.is_multiple_of(UNSTEADY) {
        return None;
    }
    let slot = (at_us - START_US).div_euclid(OUTAGES_US);
    let slot_us = START_US + slot * OUTAGES_US;
    let draw = |what: u64, bound| fixed(seed, what << 32 | u64::from(truck), slot, bound);
    let lost_us = slot_us + draw(1, OUTAGES_US - LONGEST_US);
    let back_us = lost_us + SHORTEST_US + draw(2, LONGEST_US - SHORTEST_US);
    (lost_us..back_us).contains(&at_us).then_some(back_us)
}
