//! A machine's disk: the snapshots that its worker has made. It outlives the worker, not the machine.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read, Write};
use std::sync::{Arc, Mutex};

use pipeline::{Draft, Snapshots};

use crate::dice::Dice;

/// What lies on it: for each stage's partition all snapshots that were ever finished; the last one counts.
#[derive(Clone, Default)]
pub struct Disk(Arc<Mutex<BTreeMap<String, Vec<Vec<u8>>>>>);

impl Disk {
    /// Something happens to one of the snapshots, or to all.
    pub fn go_wrong(&self, dice: &mut Dice) {
        let mut files = self.0.lock().unwrap();
        let (at, what, by) = (dice.below(files.len()), dice.below(5), dice.below(1 << 30));
        let Some(versions) = files.values_mut().nth(at) else { return };
        match (what, versions.last_mut()) {
            (0, Some(last)) => {
                let byte = by % last.len();
                last[byte] ^= 1 << (by % 8);
            }
            (1, Some(last)) => last.truncate(by % last.len()),
            // An older one comes back, as from a backup.
            (2 | 3, _) => versions.truncate(1 + by % versions.len().max(1)),
            _ => files.clear(),
        }
    }
}

struct File {
    disk: Disk,
    name: String,
    bytes: Vec<u8>,
}

impl Write for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Draft for File {
    fn finish(self: Box<Self>) -> io::Result<()> {
        self.disk.0.lock().unwrap().entry(self.name).or_default().push(self.bytes);
        Ok(())
    }
}

impl Snapshots for Disk {
    fn write(&mut self, stage: &str, partition: u32) -> io::Result<Box<dyn Draft>> {
        Ok(Box::new(File { disk: self.clone(), name: format!("{stage}.{partition}"), bytes: Vec::new() }))
    }

    fn read(&mut self, stage: &str, partition: u32) -> io::Result<Option<Box<dyn Read + Send>>> {
        let files = self.0.lock().unwrap();
        let last = files.get(&format!("{stage}.{partition}")).and_then(|versions| versions.last().cloned());
        Ok(last.map(|bytes| -> Box<dyn Read + Send> { Box::new(Cursor::new(bytes)) }))
    }
}
