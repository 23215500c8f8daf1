//! One server for all tests of a process.

use std::sync::{Mutex, PoisonError};

use anyhow::Result;

/// A server that is started when it is first asked for, and ends with the process.
pub struct Shared<T>(Mutex<Option<T>>);

impl<T> Shared<T> {
    /// None yet.
    pub const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// What it says of itself, once it is started.
    pub fn get<R>(&self, start: impl FnOnce() -> Result<T>, say: impl Fn(&T) -> R) -> Result<R> {
        let mut started = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = &*started {
            return Ok(say(server));
        }
        let server = start()?;
        let said = say(&server);
        *started = Some(server);
        Ok(said)
    }
}

/// What a variable names, if it does.
pub fn named(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|value| !value.is_empty())
}
