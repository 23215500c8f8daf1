//! What the servers have in common: a folder, a process, and a disk that outlives it.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown, lchown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use crate::process::Process;

const MOST_START: Duration = Duration::from_secs(300);
/// The folder that has all that a server keeps.
const DISK: &str = "disk";
/// The folder with what the server is, which may belong to others too.
const PROGRAMS: &str = "programs";
/// The user that a server runs as that refuses to run as root: nobody.
const NOBODY: u32 = 65_534;

/// Made before the first start, and again where all is to be forgotten: the disk, which is given to it empty.
type Prepare = Box<dyn Fn(&Path) -> Result<()> + Send + Sync>;

/// Whether it is ready, by what it has logged and whether its disk was empty.
type IsReady = fn(&str, bool) -> bool;

/// A server of the test's own, which ends with it.
pub struct Server {
    process: Option<Process>,
    command: Command,
    is_ready: IsReady,
    prepare: Prepare,
    runs_as: Option<u32>,
    is_new: bool,
    address: String,
    // After the process, which writes into it.
    folder: TempDir,
}

/// A server that is not started yet.
pub(crate) struct Recipe {
    /// Of its own, readable for all.
    pub folder: TempDir,
    /// `host:port`.
    pub address: String,
    /// When it is.
    pub is_ready: IsReady,
}

impl Recipe {
    /// With an empty folder.
    pub fn new(port: u16, is_ready: IsReady) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        Ok(Self { folder, address: format!("127.0.0.1:{port}"), is_ready })
    }

    /// A file or a folder of the server's.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where it keeps what it is given.
    pub fn disk(&self) -> PathBuf {
        self.path(DISK)
    }

    /// Where others can read them too, what is in a folder that nobody but its owner may enter.
    pub fn link_programs(&self, from: &Path) -> Result<PathBuf> {
        let to = self.path(PROGRAMS);
        link(from, &to)?;
        Ok(to)
    }

    /// Writes a file.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> Result<()> {
        let path = self.path(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        Ok(fs::write(path, text)?)
    }

    /// Starts it on an empty disk.
    pub fn start(self, command: Command) -> Result<Server> {
        self.start_with(command, Box::new(|_| Ok(())), false)
    }

    /// The same with something on its disk; some servers refuse to run as root.
    pub fn start_with(self, command: Command, prepare: Prepare, refuses_root: bool) -> Result<Server> {
        let runs_as = (refuses_root && is_root()).then_some(NOBODY);
        let Self { folder, address, is_ready } = self;
        let mut server =
            Server { process: None, command, is_ready, prepare, runs_as, is_new: true, address, folder };
        server.empty()?;
        Ok(server)
    }
}

impl Server {
    /// `host:port`; the same after it was killed and started again.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Its folder: with its settings, `log`, and `disk`.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its process; none where it was killed.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Process::pid)
    }

    /// Whether its process runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.process.as_ref().is_some_and(Process::is_running)
    }

    /// Kills it, as a crash does; its disk stays.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Ends it in good order, within half a minute; its disk stays.
    ///
    /// # Errors
    /// VG0904 where it does not run, or does not end.
    pub fn stop(&mut self) -> Result<()> {
        self.running()?.end()?;
        self.process = None;
        Ok(())
    }

    /// Starts one that was killed or stopped, on its disk.
    ///
    /// # Errors
    /// VG0904.
    pub fn resume(&mut self) -> Result<()> {
        let log = self.folder.path().join("log");
        // What an earlier life has said must not look ready.
        fs::write(&log, "")?;
        let process = Process::start(&self.command, &log, self.folder.path())?;
        process.wait_for(|said| (self.is_ready)(said, self.is_new), &log, MOST_START)?;
        self.process = Some(process);
        self.is_new = false;
        Ok(())
    }

    /// Halts it without closing its connections, or lets it go on.
    ///
    /// # Errors
    /// VG0904 where it does not run.
    pub fn pause(&self, paused: bool) -> Result<()> {
        self.running()?.signal(if paused { "STOP" } else { "CONT" })
    }

    /// Lets none of its files grow beyond a size, as on a disk that is full, until it is started again or given
    /// another: `None` for no limit.
    ///
    /// # Errors
    /// VG0904 where it does not run.
    pub fn limit_files(&self, most_bytes: Option<u64>) -> Result<()> {
        let program = Path::new("prlimit");
        // In a container root may not do it to others.
        let prlimit = if self.runs_as.is_some() { unprivileged(program) } else { Command::new(program) };
        self.running()?.limit_files(prlimit, most_bytes)
    }

    /// The most memory that its process ever had, in bytes.
    ///
    /// # Errors
    /// VG0904 where it does not run.
    pub fn peak_memory_bytes(&self) -> Result<u64> {
        self.running()?.peak_memory_bytes()
    }

    /// Kills it and starts it with an empty disk, as it was at first.
    ///
    /// # Errors
    /// VG0904.
    pub fn empty(&mut self) -> Result<()> {
        self.kill();
        let disk = self.folder.path().join(DISK);
        if disk.exists() {
            fs::remove_dir_all(&disk)?;
        }
        fs::create_dir(&disk)?;
        self.is_new = true;
        (self.prepare)(&disk)?;
        if let Some(user) = self.runs_as {
            chown(self.folder.path(), Some(user), Some(user))?;
            for entry in fs::read_dir(self.folder.path())? {
                let entry = entry?;
                if entry.file_name() != PROGRAMS {
                    give(&entry.path(), user)?;
                }
            }
        }
        self.resume()
    }

    fn running(&self) -> Result<&Process> {
        self.process.as_ref().context("VG0904: the server does not run")
    }
}

/// A program as the user that it runs as.
pub(crate) fn unprivileged(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.arg(format!("--reuid={NOBODY}")).arg(format!("--regid={NOBODY}")).arg("--clear-groups");
    command.arg(program);
    command
}

/// Whether who runs the tests is root.
pub(crate) fn is_root() -> bool {
    // It has the user that the process runs as.
    fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}

/// Gives a folder and all in it to a user.
fn give(path: &Path, user: u32) -> Result<()> {
    lchown(path, Some(user), Some(user))?;
    if path.symlink_metadata()?.is_dir() {
        for entry in fs::read_dir(path)? {
            give(&entry?.path(), user)?;
        }
    }
    Ok(())
}

/// The same files in another folder, without a copy where both are on one disk.
fn link(from: &Path, to: &Path) -> Result<()> {
    if !from.is_dir() {
        return fs::hard_link(from, to).or_else(|_| fs::copy(from, to).map(drop)).map_err(Into::into);
    }
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        link(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}
