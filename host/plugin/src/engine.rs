//! Two engines of the same semantics: a fast one with a clock, and one that counts fuel.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use wasmtime::component::Component as Code;
use wasmtime::{Config, Engine};

use crate::Error;

/// How long one epoch lasts; time limits are rounded up to it.
pub(crate) const EPOCH_MS: u64 = 10;

/// Native stack of a call on either engine, in bytes. Counting makes frames larger; its stack is so
/// much larger that it bears every depth that the fast engine bears.
const FAST_STACK: usize = 256 << 10;
const COUNTING_STACK: usize = 1 << 20;

/// The packages of the contract that a component may import.
const ALLOWED: [&str; 2] = ["vigie:plugin/types@", "vigie:plugin/log@"];
const ALLOWED_TEXT: &str = "vigie:plugin/log (lookup, geo and pseudonym are not granted yet)";

/// The engines that all plugins of a process share.
#[derive(Clone)]
pub struct Sandbox {
    pub(crate) fast: Engine,
    pub(crate) counting: Engine,
}

/// A checked component, compiled for both engines.
#[derive(Clone)]
pub struct Component {
    pub(crate) name: Arc<str>,
    pub(crate) fast: Code,
    pub(crate) counting: Code,
    pub(crate) sandbox: Sandbox,
}

impl Sandbox {
    /// Starts the engines, and the thread that advances the fast one's epoch for as long as it lives.
    ///
    /// # Errors
    /// [`Error::Engine`] if this machine cannot run one.
    pub fn new() -> Result<Self, Error> {
        let engine = |config: &Config| Engine::new(config).map_err(|e| Error::Engine(format!("{e:#}")));
        let mut config = deterministic();
        config.epoch_interruption(true);
        config.max_wasm_stack(FAST_STACK);
        let fast = engine(&config)?;
        let mut config = deterministic();
        config.consume_fuel(true);
        config.max_wasm_stack(COUNTING_STACK);
        let counting = engine(&config)?;
        let weak = fast.weak();
        thread::Builder::new()
            .name("epoch".into())
            .spawn(move || {
                while let Some(engine) = weak.upgrade() {
                    engine.increment_epoch();
                    drop(engine);
                    thread::sleep(Duration::from_millis(EPOCH_MS));
                }
            })
            .map_err(|e| Error::Engine(e.to_string()))?;
        Ok(Self { fast, counting })
    }

    /// Compiles a component after checking what it imports.
    ///
    /// # Errors
    /// [`Error::NotAComponent`], or [`Error::Import`] naming the first import outside the contract.
    pub fn load(&self, name: &str, bytes: &[u8]) -> Result<Component, Error> {
        let compile = |engine: &Engine| {
            Code::new(engine, bytes)
                .map_err(|e| Error::NotAComponent { plugin: name.into(), why: format!("{e:#}") })
        };
        let fast = compile(&self.fast)?;
        for (import, _) in fast.component_type().imports(&self.fast) {
            if !ALLOWED.iter().any(|allowed| import.starts_with(allowed)) {
                return Err(Error::Import {
                    plugin: name.into(),
                    import: import.into(),
                    allowed: ALLOWED_TEXT,
                });
            }
        }
        Ok(Component { name: name.into(), fast, counting: compile(&self.counting)?, sandbox: self.clone() })
    }
}

/// No threads, NaNs canonical, relaxed SIMD the same everywhere: a replay gives the same bytes.
fn deterministic() -> Config {
    let mut config = Config::new();
    config.wasm_component_model(true);
    config.concurrency_support(false);
    config.cranelift_nan_canonicalization(true);
    config.relaxed_simd_deterministic(true);
    config
}
