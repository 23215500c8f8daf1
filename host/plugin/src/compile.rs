//! Compiling in a process of its own: a component may attack the compiler, too, so its time, its memory
//! and what it gives back are bounded, and its failure is nobody else's.

use std::fs;
use std::io::{Read, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::engine::engine;

/// Starts a program for each component to compile.
pub struct Compiler {
    /// Called as `PROGRAM compile-component fast` (or `counting`): reads a component from its standard
    /// input, and writes what [`compile`] gives to its standard output.
    pub program: PathBuf,
    /// What a compilation may take, in milliseconds.
    pub time_ms: u64,
    /// Resident memory, in bytes. It is looked at every few milliseconds, so a little more is possible.
    pub memory_bytes: u64,
}

/// Bytes of compiled code.
const MOST_COMPILED_BYTES: u64 = 256 << 20;
/// Bytes of what a failed compilation has to say.
const MOST_WORDS_BYTES: u64 = 4 << 10;
/// How often the compiler is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Compiles a component for the engine of this name: what the program that a [`Compiler`] starts does.
///
/// # Errors
/// What is wrong with the component, or that there is no such engine.
pub fn compile(engine_name: &str, component: &[u8]) -> Result<Vec<u8>, String> {
    let counting = match engine_name {
        "fast" => false,
        "counting" => true,
        _ => return Err("there is no such engine".into()),
    };
    let compiled = engine(counting).and_then(|engine| engine.precompile_component(component));
    compiled.map_err(|error| format!("{error:#}"))
}

impl Compiler {
    /// A compiler with its default bounds: a minute and 1 GiB.
    #[must_use]
    pub fn new(program: PathBuf) -> Self {
        Self { program, time_ms: 60_000, memory_bytes: 1 << 30 }
    }

    /// Compiled code, or why there is none.
    pub(crate) fn run(&self, counting: bool, component: &[u8]) -> Result<Vec<u8>, String> {
        let mut child = Command::new(&self.program)
            .args(["compile-component", if counting { "counting" } else { "fast" }])
            // Secrets may lie in the environment.
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("the compiler cannot be started: {error}"))?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        thread::scope(|scope| {
            // A compiler that ends early reads no further; what it says tells why.
            scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(component)));
            let compiled = scope.spawn(move || bounded(stdout, MOST_COMPILED_BYTES));
            let words = scope.spawn(move || bounded(stderr, MOST_WORDS_BYTES));
            let status = self.watch(&mut child)?;
            let (compiled, words) = (compiled.join(), words.join());
            match compiled {
                Ok(Some(compiled)) if status.success() => Ok(compiled),
                Ok(_) => {
                    let words = words.ok().flatten().unwrap_or_default();
                    Err(format!("{} ({status})", String::from_utf8_lossy(&words).trim()))
                }
                Err(_) => Err("what the compiler gave could not be read".into()),
            }
        })
    }

    /// Waits for the compiler, and ends it where it takes more than it may.
    fn watch(&self, child: &mut Child) -> Result<ExitStatus, String> {
        let start = Instant::now();
        let failed = |error: std::io::Error| format!("the compiler cannot be watched: {error}");
        loop {
            if let Some(status) = child.try_wait().map_err(failed)? {
                return Ok(status);
            }
            let breach = if start.elapsed() > Duration::from_millis(self.time_ms) {
                Some(format!("compiling it takes longer than {} ms", self.time_ms))
            } else if resident_bytes(child.id()) > self.memory_bytes {
                Some(format!("compiling it takes more than {} MiB", self.memory_bytes >> 20))
            } else {
                None
            };
            if let Some(breach) = breach {
                child.kill().map_err(failed)?;
                child.wait().map_err(failed)?;
                return Err(breach);
            }
            thread::sleep(LOOK_EVERY);
        }
    }
}

/// All that a pipe gives; none: more than the bound.
fn bounded(pipe: Option<impl Read>, most_bytes: u64) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    pipe?.take(most_bytes + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= most_bytes).then_some(bytes)
}

/// From the kernel's `/proc/PID/status`, where `VmRSS` is in KiB; 0 where it does not say.
fn resident_bytes(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()).and_then(|kib| kib.parse::<u64>().ok());
    kib.unwrap_or(0) << 10
}
