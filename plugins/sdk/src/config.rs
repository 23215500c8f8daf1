//! From the step's `with` to the plugin's own configuration.

use serde::de::DeserializeOwned;

use crate::Problem;

/// How a plugin's configuration comes from the step's `with`.
///
/// Every type that serde can deserialize has it. Implement it by hand only to report more than the
/// first problem, or to do without serde.
pub trait FromConfig: Sized {
    /// Reads the configuration from JSON.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    fn from_config(json: &str) -> Result<Self, Vec<Problem>>;
}

impl<T: DeserializeOwned> FromConfig for T {
    fn from_config(json: &str) -> Result<Self, Vec<Problem>> {
        // A step without a `with` is one whose settings are all at their default.
        let json = match json.trim() {
            "" | "null" => "{}",
            given => given,
        };
        serde_json::from_str(json).map_err(|error| vec![problem("", &error.to_string())])
    }
}

/// A problem at a place in the configuration, such as `resolutions`; an empty path is the whole.
#[must_use]
pub fn problem(path: &str, message: &str) -> Problem {
    Problem { path: path.into(), message: message.into() }
}
