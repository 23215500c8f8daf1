//! Where things lie, and how they are opened.

use std::fs;
use std::io::Read as _;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use log_embedded::EmbeddedLog;
use log_kafka::KafkaLog;
use pipeline::facts::Written;
use pipeline::{Flows, Identity, Pipeline, Running};
use plugin::{Cache, Compiler, Component, Sandbox};
use policy::{Policies, Question, Verdict};
use reference::{Definition, Table, Tables};
use store_embedded::EmbeddedStore;

use crate::kafka::Settings;
use crate::logs::{AnyLog, LogAddress};
use crate::stores::StoresFile;
use crate::{Format, trust};

/// The settings that all commands share.
pub struct App {
    /// Embedded log, store and key.
    pub data_dir: PathBuf,
    /// The log.
    pub log: LogAddress,
    /// How to connect to Kafka by TLS.
    pub kafka: Settings,
    /// `NAME.wasm` for each plugin.
    pub plugins: PathBuf,
    /// Cedar policies, `forbidden.yaml` and `cases.yaml`.
    pub policies: PathBuf,
    /// The file that names stores beside the embedded one.
    pub stores: Option<PathBuf>,
    /// How to print.
    pub format: Format,
}

/// A component's greatest size; compiling a larger one is refused.
pub const MAX_COMPONENT_BYTES: u64 = 32 << 20;

impl App {
    pub fn create_data_dir(&self) -> Result<()> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.data_dir)
            .with_context(|| format!("VG0001: cannot create {}", self.data_dir.display()))
    }

    /// Holds the data folder for one pipeline process; freed by the kernel, however it ends.
    pub fn lock(&self) -> Result<fs::File> {
        let path = self.data_dir.join("worker.lock");
        let mut options = fs::OpenOptions::new();
        let file = options.write(true).create(true).truncate(false).mode(0o600).open(&path)?;
        if file.try_lock().is_err() {
            bail!("VG0012: another process runs a pipeline in {}", self.data_dir.display());
        }
        Ok(file)
    }

    /// The log, to read from.
    pub fn log(&self) -> Result<AnyLog> {
        self.connect(None)
    }

    /// The log, to commit to as `name`; on Kafka a newer connection of a name takes an older one's place.
    pub fn log_as(&self, name: &str) -> Result<AnyLog> {
        self.connect(Some(name))
    }

    fn connect(&self, name: Option<&str>) -> Result<AnyLog> {
        Ok(match &self.log {
            LogAddress::Embedded => AnyLog::Embedded(EmbeddedLog::open(&self.data_dir.join("log.db"))?),
            LogAddress::Kafka(brokers) => {
                AnyLog::Kafka(Box::new(KafkaLog::connect(self.kafka.options(brokers, name)?)?))
            }
        })
    }

    /// The log of an installation that has run before.
    pub fn existing_log(&self) -> Result<AnyLog> {
        if !self.log_is_there() {
            bail!(
                "VG0002: there is no log in {}; run `vigie demo` first, or say --data-dir",
                self.data_dir.display()
            );
        }
        self.log()
    }

    /// Whether there can be something in the log: on Kafka there may always be.
    pub fn log_is_there(&self) -> bool {
        self.log != LogAddress::Embedded || self.data_dir.join("log.db").exists()
    }

    /// The stores beside the embedded one.
    pub fn stores(&self) -> Result<StoresFile> {
        StoresFile::read(self.stores.as_deref())
    }

    pub fn store(&self) -> Result<EmbeddedStore> {
        Ok(EmbeddedStore::open(&self.data_dir.join("store.db"))?)
    }

    pub fn store_read_only(&self) -> Result<EmbeddedStore> {
        let path = self.data_dir.join("store.db");
        if !path.exists() {
            bail!("VG0002: there is no store in {}; run `vigie demo` first", self.data_dir.display());
        }
        Ok(EmbeddedStore::open_read_only(&path)?)
    }

    /// The installation's identity key: made once, readable by its owner alone.
    pub fn identity(&self) -> Result<Identity> {
        Ok(Identity::new(self.secret("identity.key")?))
    }

    /// A sandbox that keeps what it compiles, where this installation has a data folder.
    pub fn sandbox(&self) -> Result<Sandbox> {
        let sandbox = Sandbox::new()?.with_compiler(Compiler::new(std::env::current_exe()?));
        let folder = std::env::var_os("VIGIE_CACHE_DIR").map(PathBuf::from).or_else(|| {
            let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
            cache
                .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))
                .map(|c| c.join("vigie"))
        });
        match folder {
            Some(folder) if self.data_dir.is_dir() => {
                Ok(sandbox.with_cache(Cache::new(folder, self.secret("cache.key")?)))
            }
            _ => Ok(sandbox),
        }
    }

    /// A secret of the installation: made once, readable by its owner alone.
    fn secret<const BYTES: usize>(&self, name: &str) -> Result<[u8; BYTES]> {
        let path = self.data_dir.join(name);
        let mut key = [0; BYTES];
        if !path.exists() {
            key = random()?;
            // Written aside and renamed, so that a crash leaves no half a key.
            let aside = self.data_dir.join(format!("{name}.new"));
            let mut options = fs::OpenOptions::new();
            let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
            writeln!(file, "{}", hex::encode(key))?;
            file.sync_all()?;
            fs::rename(&aside, &path)?;
        }
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        hex::decode_to_slice(text.trim(), &mut key).map_err(|_| {
            anyhow::anyhow!("VG0003: {} is not {} hexadecimal digits; restore it", path.display(), 2 * BYTES)
        })?;
        Ok(key)
    }

    pub fn component_bytes(&self, name: &str) -> Result<Vec<u8>> {
        let path = self.plugins.join(format!("{name}.wasm"));
        let size = fs::metadata(&path).with_context(|| {
            format!(
                "VG0004: there is no plugin `{name}` in {}; build it with `cargo xtask plugins`",
                self.plugins.display()
            )
        })?;
        if size.len() > MAX_COMPONENT_BYTES {
            bail!("VG0005: plugin `{name}` is larger than {} MiB", MAX_COMPONENT_BYTES >> 20);
        }
        Ok(fs::read(path)?)
    }

    /// The SHA-256 of a plugin's component, in hexadecimal digits.
    pub fn component_digest(&self, name: &str) -> Result<String> {
        Ok(trust::digest(&self.component_bytes(name)?))
    }

    /// The installation's policies.
    pub fn policies(&self) -> Result<Policies, policy::Error> {
        Policies::read(&self.policies)
    }

    /// A trusted plugin's component, checked and granted what it imports.
    pub fn component(
        &self,
        sandbox: &Sandbox,
        policies: &Policies,
        name: &str,
    ) -> Result<Component, pipeline::Error> {
        let as_pipelines = |e: anyhow::Error| pipeline::Error::Untrusted(format!("{e:#}"));
        let bytes = self.component_bytes(name).map_err(as_pipelines)?;
        trust::check(&self.plugins, name, &bytes).map_err(as_pipelines)?;
        let component = sandbox.load(name, &bytes)?;
        for import in component.imports() {
            let (plugin, import) = (name.to_owned(), (*import).to_owned());
            let question = Question::Import { plugin: plugin.clone(), import: import.clone() };
            if let Verdict::Denied(why) = policies.ask(&question)? {
                return Err(pipeline::Error::NotGranted { plugin, import, why });
            }
        }
        Ok(component)
    }

    /// A plugin's component, trusted or not, with all that the contract offers: for its author's tests,
    /// where no policy is relied on.
    pub fn tried_component(&self, sandbox: &Sandbox, name: &str) -> Result<Component> {
        Ok(sandbox.load(name, &self.component_bytes(name)?)?)
    }

    /// A pipeline with its tables read, its plugins configured and its labels checked.
    pub fn running(&self, read: &ReadPipeline, identity: Identity) -> Result<(Running, Flows)> {
        let tables = Arc::new(self.tables(read)?);
        let sandbox = self.sandbox()?;
        let policies = self.policies()?;
        let component = |name: &str| self.component(&sandbox, &policies, name);
        let running = Running::new(&read.pipeline, identity, tables.clone(), &component)?;
        let flows = pipeline::check_labels(&read.pipeline, &running, &tables, &policies, &self.written()?)?;
        Ok((running, flows))
    }

    /// The labels of what was written before, where there is a log.
    pub fn written(&self) -> Result<Written> {
        if !self.log_is_there() {
            return Ok(Written::default());
        }
        Ok(Written::read(&*self.log()?)?)
    }

    /// The pipeline's reference tables.
    pub fn tables(&self, read: &ReadPipeline) -> Result<Tables> {
        read_tables(&read.folder, &read.pipeline.reference)
    }
}

/// Bytes that nobody can foresee.
pub fn random<const BYTES: usize>() -> Result<[u8; BYTES]> {
    let mut bytes = [0; BYTES];
    fs::File::open("/dev/urandom").and_then(|mut f| f.read_exact(&mut bytes))?;
    Ok(bytes)
}

/// A pipeline and where its file lies.
pub struct ReadPipeline {
    pub pipeline: Pipeline,
    /// Of what it says, however it is written.
    pub digest: String,
    folder: PathBuf,
}

/// Reads tables whose files are named from a folder.
pub fn read_tables(folder: &Path, definitions: &[Definition]) -> Result<Tables> {
    let mut tables = Tables::default();
    for definition in definitions {
        let path = folder.join(definition.file()?);
        let bytes = fs::read(&path).with_context(|| {
            format!("VG0013: cannot read {}, the file of table `{}`", path.display(), definition.table)
        })?;
        tables.add(&definition.table, Table::read(definition, &bytes)?)?;
    }
    Ok(tables)
}

pub fn read_pipeline(path: &Path) -> Result<ReadPipeline> {
    let yaml = fs::read_to_string(path)
        .with_context(|| format!("VG0006: cannot read the pipeline file {}", path.display()))?;
    let pipeline = Pipeline::parse(&yaml).with_context(|| path.display().to_string())?;
    let digest = Pipeline::digest(&yaml)?;
    let folder = path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
    Ok(ReadPipeline { pipeline, digest, folder })
}
