//! The checker is worth what it finds: each part of the world is broken once, on purpose.

use std::path::{Path, PathBuf};

use crate::{Kit, Options, Sabotage, run, shrink};

/// Seeds within which a defect must be found.
const SEEDS: u64 = 100;

/// `VIGIE_PLUGINS`, or where `cargo xtask plugins` puts them: beside the folder of this test's profile.
fn kit() -> Kit {
    let built = || Path::new(&std::env::current_exe().unwrap()).ancestors().nth(3).unwrap().join("plugins");
    Kit::load(&std::env::var_os("VIGIE_PLUGINS").map_or_else(built, PathBuf::from)).unwrap()
}

#[test]
fn every_sabotage_is_found() {
    let kit = kit();
    for sabotage in Sabotage::ALL {
        let failing = (0..SEEDS).find_map(|seed| run(&Options::of_seed(seed), &kit, Some(sabotage)).err());
        let failure = failing.unwrap_or_else(|| panic!("{sabotage:?} was not found in {SEEDS} seeds"));
        println!("{sabotage:?}: seed {}: {}", failure.options.seed, failure.why);
    }
}

#[test]
fn a_seed_runs_the_same_again_and_a_failing_one_is_made_smaller() {
    let kit = kit();
    let options = Options::of_seed(3);
    let twice = [(); 2].map(|()| format!("{:?}", run(&options, &kit, None).unwrap()));
    assert_eq!(twice[0], twice[1]);
    let sabotage = Some(Sabotage::LosePositions);
    let failure = (0..SEEDS).find_map(|seed| run(&Options::of_seed(seed), &kit, sabotage).err()).unwrap();
    let before = failure.options.clone();
    let smaller = shrink(failure, &kit, sabotage).options;
    assert!(smaller.events < before.events && smaller.faults.len() < before.faults.len(), "{smaller:?}");
    assert!(run(&smaller, &kit, sabotage).is_err(), "{}", smaller.command());
}
