//! Masks personal data in free text: emails, phones, IBANs, cards, addresses
//! of machines, credentials in URLs, handles, coordinates and dates of birth.
//!
//! Names of people and postal addresses are out of scope: no pattern finds
//! them, and a plugin that claimed to would be believed.

pub mod config;
mod digits;
pub mod kinds;
pub mod plugin;
pub mod scan;

pub use config::{Action, AuthorAction, Config, Problem};
pub use kinds::{KINDS, Kind};
pub use plugin::MaskPii;
pub use scan::Masker;
