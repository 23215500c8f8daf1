//! A process that ends with the one that started it, however that ends.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// Starts the program with its output in a file, says its pid, and kills it when standard input ends.
/// The kernel closes that when the test ends, also by a signal; then nobody else removes the folder.
const SUPERVISE: &str = r#"
out=$1; folder=$2; shift 2
"$@" >"$out" 2>&1 </dev/null &
pid=$!
echo $pid
read -r kept
kill -9 $pid 2>/dev/null
wait $pid 2>/dev/null
[ "$kept" = kept ] || rm -rf "$folder"
"#;
/// How long a service may take to end in good order.
const MOST_END: Duration = Duration::from_secs(30);

/// A running service.
pub struct Process {
    supervisor: Child,
    pid: u32,
}

impl Process {
    /// Starts a program; what it says goes into `out`, which is emptied first. Where the test ends without
    /// dropping the handle, its folder goes too.
    pub fn start(program: &Command, out: &Path, folder: &Path) -> Result<Self> {
        let mut command = Command::new("sh");
        command.args(["-c", SUPERVISE, "supervise"]).arg(out).arg(folder).arg(program.get_program());
        command.args(program.get_args()).stdin(Stdio::piped()).stdout(Stdio::piped());
        for (name, value) in program.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        // Where some leave what they say at their end.
        command.current_dir(folder);
        let mut supervisor = command.spawn().context("VG0904: cannot start a service")?;
        let mut line = String::new();
        if let Some(stdout) = supervisor.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let pid = line.trim().parse().context("VG0904: a service did not start")?;
        Ok(Self { supervisor, pid })
    }

    /// Waits until what it has said is what was waited for.
    pub fn wait_for(&self, is_ready: impl Fn(&str) -> bool, out: &Path, most: Duration) -> Result<()> {
        let start = Instant::now();
        loop {
            // Before its last words are read.
            let is_running = self.is_running();
            let said = std::fs::read_to_string(out).unwrap_or_default();
            if is_ready(&said) {
                return Ok(());
            }
            let last: Vec<&str> = said.lines().rev().filter(|l| !l.trim().is_empty()).take(3).collect();
            if !is_running {
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
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap_or_default();
        // After the name, which is in parentheses. Z has ended, and the supervisor holds its pid.
        stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) -> Result<()> {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.pid.to_string()).status()?;
        if status.success() { Ok(()) } else { bail!("VG0904: the service is gone") }
    }

    /// Asks it to end, and waits until it has.
    pub fn end(&self) -> Result<()> {
        self.signal("TERM")?;
        let start = Instant::now();
        while self.is_running() {
            if start.elapsed() > MOST_END {
                bail!("VG0904: the service did not end in {} s", MOST_END.as_secs());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Lets none of its files grow beyond a size: what would is refused. `prlimit` runs as the service's user.
    pub fn limit_files(&self, mut prlimit: Command, most_bytes: Option<u64>) -> Result<()> {
        let most = most_bytes.map_or_else(|| "unlimited".to_owned(), |most| most.to_string());
        // Without the hard limit, so that it can be taken back.
        prlimit.arg(format!("--pid={}", self.pid)).arg(format!("--fsize={most}:"));
        if prlimit.status()?.success() { Ok(()) } else { bail!("VG0904: the service takes no limit") }
    }

    /// The most memory that it ever had.
    pub fn peak_memory_bytes(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
        let kib: u64 = kib.context("VG0904: the service is gone")?.trim().parse()?;
        Ok(kib * 1024)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(mut stdin) = self.supervisor.stdin.take() {
            // It fails where the supervisor was killed.
            let _ = stdin.write_all(b"kept\n");
        }
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
        let process = Process::start(&command, &out, folder.path()).unwrap();
        process.wait_for(|said| said.contains("ready"), &out, Duration::from_secs(10)).unwrap();
        let said = process.wait_for(|_| false, &out, Duration::from_millis(10)).unwrap_err().to_string();
        assert!(said.contains("VG0904") && said.contains("ready"), "{said}");
        assert!(process.peak_memory_bytes().unwrap() > 0);
        let place = Path::new("/proc").join(process.pid.to_string());
        assert!(place.exists());
        drop(process);
        assert!(!place.exists());
        assert!(folder.path().exists());
    }

    #[test]
    fn who_is_asked_to_end_does() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "exec sleep 1000"]);
        let process = Process::start(&command, &folder.path().join("out"), folder.path()).unwrap();
        for most in [Some(10), None] {
            process.limit_files(Command::new("prlimit"), most).unwrap();
        }
        process.end().unwrap();
        assert!(!process.is_running());
    }

    #[test]
    fn what_ends_by_itself_is_said_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let mut command = Command::new("sh");
        command.args(["-c", "echo broken; exit 1"]);
        let process = Process::start(&command, &out, folder.path()).unwrap();
        let said = process
            .wait_for(|said| said.contains("ready"), &out, Duration::from_secs(60))
            .unwrap_err()
            .to_string();
        assert!(said.contains("the service ended: broken"), "{said}");
    }
}
