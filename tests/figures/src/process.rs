//! What a process uses, as the kernel counts it (proc(5)).

/// Clock ticks a second in /proc, the same on every Linux for user space.
const TICKS: f64 = 100.0;

/// CPU time in seconds, user and system, of a process and all its threads; none: it is gone.
#[must_use]
pub fn cpu_s(pid: u32) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // proc_pid_stat(5): fields 14 and 15, of which the third is the first behind the name's bracket.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    if *fields.first()? == "Z" {
        return None;
    }
    let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / TICKS)
}

/// The greatest resident set so far, in MiB.
#[must_use]
pub fn peak_mib(pid: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? / 1024.0)
}

/// Has the greatest resident set counted from now on.
///
/// # Errors
/// The process is gone, or another's.
pub fn forget_peak(pid: u32) -> std::io::Result<()> {
    std::fs::write(format!("/proc/{pid}/clear_refs"), "5")
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn a_process_has_used_some_time_and_memory() {
        let (start, own) = (Instant::now(), std::process::id());
        while start.elapsed() < Duration::from_millis(50) {}
        assert!(cpu_s(own).unwrap() > 0.0 && peak_mib(own).unwrap() > 1.0);
        assert_eq!(cpu_s(u32::MAX), None);
    }

    #[test]
    fn the_greatest_memory_is_forgotten() {
        let own = std::process::id();
        drop(std::hint::black_box(vec![1_u8; 64 << 20]));
        let before = peak_mib(own).unwrap();
        forget_peak(own).unwrap();
        assert!(peak_mib(own).unwrap() < before - 32.0);
    }
}
