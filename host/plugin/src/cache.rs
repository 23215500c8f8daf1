//! Compiled plugins, kept between starts.
//!
//! What the cache holds is run as it is, so every entry carries a code under a secret of the
//! installation, which lies elsewhere: who can write here alone cannot make the host run anything.

use std::fs::{self, OpenOptions};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::PathBuf;

use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component as Code;

/// A folder of compiled plugins.
pub struct Cache {
    folder: PathBuf,
    key: [u8; 32],
}

/// Bytes of HMAC-SHA-256.
const CODE_BYTES: usize = 32;

impl Cache {
    /// A cache in a folder, which is made when it is needed; `key` is a secret of the installation.
    #[must_use]
    pub fn new(folder: PathBuf, key: [u8; 32]) -> Self {
        Self { folder, key }
    }

    /// A compiled component, if the cache has it and it is what this installation put there.
    pub(crate) fn load(&self, engine: &Engine, bytes: &[u8]) -> Option<Code> {
        let name = name(engine, bytes);
        let entry = fs::read(self.folder.join(&name)).ok()?;
        let (code, compiled) = entry.split_first_chunk::<CODE_BYTES>()?;
        self.code(&name, compiled)?.verify_slice(code).ok()?;
        trusted(engine, compiled)
    }

    /// Keeps a compiled component. A cache that cannot be written costs time only, so that is no error.
    pub(crate) fn keep(&self, engine: &Engine, bytes: &[u8], code: &Code) {
        let name = name(engine, bytes);
        let Ok(compiled) = code.serialize() else { return };
        let Some(code) = self.code(&name, &compiled) else { return };
        // Nothing follows from a failure but that the next start compiles again.
        let _ = self.write(&name, &code.finalize().into_bytes(), &compiled);
    }

    /// Written aside and renamed, so that a reader finds a whole entry or none.
    fn write(&self, name: &str, code: &[u8], compiled: &[u8]) -> std::io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        let aside = self.folder.join(format!("{name}.{}", std::process::id()));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
        file.write_all(code)?;
        file.write_all(compiled)?;
        fs::rename(aside, self.folder.join(name))
    }

    fn code(&self, name: &str, compiled: &[u8]) -> Option<Hmac<Sha256>> {
        let mut code = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        code.update(name.as_bytes());
        code.update(compiled);
        Some(code)
    }
}

/// Code from what our own compiler gave, for an engine of the same version and settings.
///
/// The bytes come from one of two places: from a cache entry whose code nobody can have made who has not
/// the installation's secret, or through a pipe from the [`Compiler`](crate::Compiler) that we started.
#[allow(unsafe_code)] // docs/adr/0005
pub(crate) fn trusted(engine: &Engine, compiled: &[u8]) -> Option<Code> {
    // SAFETY: see above; `deserialize` itself checks the version and the settings.
    unsafe { Code::deserialize(engine, compiled).ok() }
}

/// Of the component's bytes and the engine's version and settings.
fn name(engine: &Engine, bytes: &[u8]) -> String {
    let mut settings = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut settings);
    let digest = Sha256::digest(bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    format!("{digest}-{:016x}", settings.finish())
}
