//! Two engines of the same semantics: a fast one with a clock, and one that counts fuel.

use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use wasmtime::component::Component as Code;
use wasmtime::{Config, Engine};

use crate::{Cache, Compiler, Error, cache};

/// How long one epoch lasts; time limits are rounded up to it.
pub(crate) const EPOCH_MS: u64 = 10;

/// Native stack of a call on either engine, in bytes. Counting makes frames larger; its stack is so
/// much larger that it bears every depth that the fast engine bears.
const FAST_STACK: usize = 256 << 10;
const COUNTING_STACK: usize = 1 << 20;

/// The packages of the contract that a component may import.
const ALLOWED: [&str; 6] = ["types", "keyed", "log", "geo", "lookup", "pseudonym"];
const PACKAGE: &str = "vigie:plugin/";

/// The engines that all plugins of a process share.
#[derive(Clone)]
pub struct Sandbox {
    pub(crate) fast: Engine,
    pub(crate) counting: Engine,
    cache: Option<Arc<Cache>>,
    compiler: Option<Arc<Compiler>>,
}

/// A checked component, compiled for the fast engine; for the counting one when it is needed.
#[derive(Clone)]
pub struct Component {
    pub(crate) name: Arc<str>,
    pub(crate) stateful: bool,
    imports: Arc<[&'static str]>,
    fast: Code,
    counting: Arc<OnceLock<Code>>,
    bytes: Arc<[u8]>,
    sandbox: Sandbox,
}

impl Component {
    /// The interfaces of the contract that the component imports, such as `lookup`.
    #[must_use]
    pub fn imports(&self) -> &[&'static str] {
        &self.imports
    }

    /// Whether the component is of the world `stateful`.
    #[must_use]
    pub fn is_stateful(&self) -> bool {
        self.stateful
    }

    /// The engine and the code for it.
    pub(crate) fn code(&self, counting: bool) -> Result<(&Engine, &Code), Error> {
        if !counting {
            return Ok((&self.sandbox.fast, &self.fast));
        }
        let engine = &self.sandbox.counting;
        if let Some(code) = self.counting.get() {
            return Ok((engine, code));
        }
        let code = self.sandbox.compile(true, &self.name, &self.bytes)?;
        Ok((engine, self.counting.get_or_init(|| code)))
    }
}

impl Sandbox {
    /// Starts the engines, and the thread that advances the fast one's epoch for as long as it lives.
    ///
    /// # Errors
    /// [`Error::Engine`] if this machine cannot run one.
    pub fn new() -> Result<Self, Error> {
        let engine = |counting| engine(counting).map_err(|e| Error::Engine(format!("{e:#}")));
        let (fast, counting) = (engine(false)?, engine(true)?);
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
        Ok(Self { fast, counting, cache: None, compiler: None })
    }

    /// Lets another process compile.
    #[must_use]
    pub fn with_compiler(mut self, compiler: Compiler) -> Self {
        self.compiler = Some(Arc::new(compiler));
        self
    }

    /// Lets the sandbox keep what it compiles, and take what was compiled before.
    #[must_use]
    pub fn with_cache(mut self, cache: Cache) -> Self {
        self.cache = Some(Arc::new(cache));
        self
    }

    fn compile(&self, counting: bool, name: &str, bytes: &[u8]) -> Result<Code, Error> {
        let engine = if counting { &self.counting } else { &self.fast };
        if let Some(code) = self.cache.as_ref().and_then(|cache| cache.load(engine, bytes)) {
            return Ok(code);
        }
        let refuse = |why: String| Error::NotAComponent { plugin: name.into(), why };
        let code = match &self.compiler {
            Some(compiler) => {
                let compiled = compiler.run(counting, bytes).map_err(refuse)?;
                cache::trusted(engine, &compiled)
                    .ok_or_else(|| refuse("its compiled code is of another version".into()))?
            }
            None => Code::new(engine, bytes).map_err(|e| refuse(format!("{e:#}")))?,
        };
        if let Some(cache) = &self.cache {
            cache.keep(engine, bytes, &code);
        }
        Ok(code)
    }

    /// Compiles a component after checking what it imports.
    ///
    /// # Errors
    /// [`Error::NotAComponent`], or [`Error::Import`] naming the first import outside the contract.
    pub fn load(&self, name: &str, bytes: &[u8]) -> Result<Component, Error> {
        let fast = self.compile(false, name, bytes)?;
        let kind = fast.component_type();
        let mut imports = Vec::new();
        for (import, _) in kind.imports(&self.fast) {
            let interface = import.strip_prefix(PACKAGE).and_then(|rest| rest.split('@').next());
            let allowed = ALLOWED.iter().find(|allowed| interface == Some(**allowed));
            let Some(allowed) = allowed else {
                let (plugin, import, allowed) = (name.into(), import.into(), ALLOWED.join(", "));
                return Err(Error::Import { plugin, import, allowed });
            };
            imports.push(*allowed);
        }
        // These two have types alone, nothing to be called.
        imports.retain(|i| !["types", "keyed"].contains(i));
        Ok(Component {
            name: name.into(),
            stateful: kind.exports(&self.fast).any(|(export, _)| export == "fold"),
            imports: imports.into(),
            fast,
            counting: Arc::default(),
            bytes: bytes.into(),
            sandbox: self.clone(),
        })
    }
}

/// The fast engine, or the one that counts.
pub(crate) fn engine(counting: bool) -> wasmtime::Result<Engine> {
    let mut config = deterministic();
    if counting {
        config.consume_fuel(true);
        config.max_wasm_stack(COUNTING_STACK);
    } else {
        config.epoch_interruption(true);
        config.max_wasm_stack(FAST_STACK);
    }
    Engine::new(&config)
}

/// No threads, NaNs canonical, relaxed SIMD the same everywhere: a replay gives the same bytes.
fn deterministic() -> Config {
    let mut config = Config::new();
    config.wasm_component_model(true);
    config.concurrency_support(false);
    config.cranelift_nan_canonicalization(true);
    config.relaxed_simd_deterministic(true);
    // Small functions into their callers: each call looks at the clock, or counts fuel.
    config.compiler_inlining(wasmtime::Inlining::Yes);
    config
}
