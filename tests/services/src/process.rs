//! A process that ends with the one that started it, however that ends.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// Starts the program with its output in a file, says its pid, and kills it when standard input ends.
/// The kernel closes that when the test ends, also by a signal.
const SUPERVISE: &str = r#"
out=$1; shift
"$@" >"$out" 2>&1 </dev/null &
pid=$!
echo $pid
cat >/dev/null
kill -9 $pid 2>/dev/null
wait $pid 2>/dev/null
"#;

/// A running service.
pub struct Process {
    supervisor: Child,
    pid: u32,
}

impl Process {
    /// Starts a program; what it says goes into `out`, which is emptied first.
    pub fn start(program: &Command, out: &Path) -> Result<Self> {
        let mut command = Command::new("sh");
        command.args(["-c", SUPERVISE, "supervise"]).arg(out).arg(program.get_program());
        command.args(program.get_args()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut supervisor = command.spawn().context("VG0904: cannot start a service")?;
        let mut line = String::new();
        if let Some(stdout) = supervisor.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let pid = line.trim().parse().context("VG0904: a service did not start")?;
        Ok(Self { supervisor, pid })
    }

    /// Waits until it has said a text.
    pub fn wait_for(&self, text: &str, out: &Path, most: Duration) -> Result<()> {
        let start = Instant::now();
        loop {
            let said = std::fs::read_to_string(out).unwrap_or_default();
            if said.contains(text) {
                return Ok(());
            }
            let last: Vec<&str> = said.lines().rev().filter(|l| !l.trim().is_empty()).take(3).collect();
            if !self.is_running() {
                bail!("VG0904: the service ended: {}", last.join(" | "));
            }
            if start.elapsed() > most {
                bail!("VG0904: the service was not ready after {} s: {}", most.as_secs(), last.join(" | "));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The program's own process, not the one that watches over it.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    pub fn is_running(&self) -> bool {
        Path::new("/proc").join(self.pid.to_string()).join("stat").exists()
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) -> Result<()> {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.pid.to_string()).status()?;
        if status.success() { Ok(()) } else { bail!("VG0904: the service is gone") }
    }

    /// Lets none of its files grow beyond a size: what would is refused.
    pub fn limit_files(&self, most_bytes: u64) -> Result<()> {
        let mut prlimit = Command::new("prlimit");
        prlimit.arg(format!("--pid={}", self.pid)).arg(format!("--fsize={most_bytes}"));
        if prlimit.status()?.success() { Ok(()) } else { bail!("VG0904: the service takes no limit") }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The supervisor kills it when its input ends.
        drop(self.supervisor.stdin.take());
        let _ = self.supervisor.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_started_ends_with_its_handle() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let mut command = Command::new("sh");
        command.args(["-c", "echo ready; exec sleep 1000"]);
        let process = Process::start(&command, &out).unwrap();
        process.wait_for("ready", &out, Duration::from_secs(10)).unwrap();
        let said = process.wait_for("never said", &out, Duration::from_millis(10)).unwrap_err().to_string();
        assert!(said.contains("VG0904") && said.contains("ready"), "{said}");
        let place = Path::new("/proc").join(process.pid.to_string());
        assert!(place.exists());
        drop(process);
        assert!(!place.exists());
    }

    #[test]
    fn what_ends_by_itself_is_said_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let mut command = Command::new("sh");
        command.args(["-c", "echo broken; exit 1"]);
        let process = Process::start(&command, &out).unwrap();
        let said = process.wait_for("ready", &out, Duration::from_secs(60)).unwrap_err().to_string();
        assert!(said.contains("the service ended: broken"), "{said}");
    }
}
