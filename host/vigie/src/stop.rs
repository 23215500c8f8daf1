//! A clean stop: asked for by SIGTERM, or by SIGINT from the keyboard.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Whether the program was asked to stop.
pub struct Asked(Arc<AtomicBool>);

impl Asked {
    /// Listens from now on, until the program ends. Asked a second time it ends at once, which loses nothing
    /// either: what is not committed is computed again.
    ///
    /// # Errors
    /// The system refuses to.
    pub fn listen() -> Result<Self> {
        let asked = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGINT] {
            // In this order: the first looks at what only the second changes.
            flag::register_conditional_default(signal, asked.clone())
                .and_then(|_| flag::register(signal, asked.clone()))
                .context("VG0019: signals cannot be heard")?;
        }
        Ok(Self(asked))
    }

    /// Whether it was.
    pub fn is_so(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
