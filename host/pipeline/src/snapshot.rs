//! Snapshots: copies of a stage-partition's state beside the log, so that a restore reads only what came
//! after. A snapshot is never the truth: one that is missing, old or damaged costs time and nothing else.
//!
//! The file: [`MAGIC`], then entries (what it is, the lengths of key and value as 32 bits, key, value), the first
//! of which says what it is a snapshot of, and behind the last one the SHA-256 of everything before. Behind the first
//! stands one, too: what it says is acted upon before the rest is read.

use std::io::{self, BufReader, Read, Write};

use log::Place;
use sha2::{Digest as _, Sha256};

const MAGIC: &[u8] = b"vigie snapshot 2\n";
/// What an entry is, beside the number of its table.
const HEAD: u8 = 255;
const END: u8 = 254;
/// More than a record of any log holds; lengths beyond it are damage.
const MOST_BYTES: usize = 64 << 20;
const BUFFER_BYTES: usize = 64 << 10;

/// Where snapshots lie. Only the newest of each stage's partition is kept.
pub trait Snapshots: Send {
    /// Begins a new one.
    ///
    /// # Errors
    /// What the disk says.
    fn write(&mut self, stage: &str, partition: u32) -> io::Result<Box<dyn Draft>>;
    /// The last one that was finished; none: there is none.
    ///
    /// # Errors
    /// What the disk says.
    fn read(&mut self, stage: &str, partition: u32) -> io::Result<Option<Box<dyn Read + Send>>>;
}

/// A snapshot that is being written. Dropped, it leaves the one before as it was.
pub trait Draft: Write {
    /// Puts it in the place of the one before, whole or not at all.
    ///
    /// # Errors
    /// What the disk says.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

/// What a snapshot is of, and what it goes with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// The stage's group, which has the pipeline's version, and the partition.
    pub(crate) of: String,
    /// The committed position of the stage. A group that is not as far was begun anew since.
    pub(crate) position: u64,
    /// From where on the log has what is not in it.
    pub(crate) place: Place,
}

impl Head {
    pub(crate) fn of(stage: &str, partition: u32) -> String {
        format!("{stage}/{partition}")
    }
}

/// Writes a snapshot.
pub(crate) struct Writer {
    draft: Box<dyn Draft>,
    buffer: Vec<u8>,
    digest: Sha256,
    pub(crate) bytes: u64,
}

impl Writer {
    pub(crate) fn new(draft: Box<dyn Draft>, head: &Head) -> io::Result<Self> {
        let mut writer = Self { draft, buffer: MAGIC.to_vec(), digest: Sha256::new(), bytes: 0 };
        let value = [&head.position.to_be_bytes(), head.place.as_slice()].concat();
        writer.entry(HEAD, head.of.as_bytes(), &value)?;
        writer.flush()?;
        let digest = writer.digest.clone().finalize();
        writer.entry(HEAD, &[], &digest)?;
        Ok(writer)
    }

    pub(crate) fn entry(&mut self, what: u8, key: &[u8], value: &[u8]) -> io::Result<()> {
        let length = |bytes: &[u8]| {
            let length = u32::try_from(bytes.len()).ok().filter(|_| bytes.len() <= MOST_BYTES);
            length.map(u32::to_be_bytes).ok_or_else(|| damaged("an entry is too large"))
        };
        self.buffer.push(what);
        self.buffer.extend_from_slice(&length(key)?);
        self.buffer.extend_from_slice(&length(value)?);
        self.buffer.extend_from_slice(key);
        self.buffer.extend_from_slice(value);
        if self.buffer.len() < BUFFER_BYTES { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.digest.update(&self.buffer);
        self.draft.write_all(&self.buffer)?;
        self.bytes += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// Its bytes.
    pub(crate) fn finish(mut self) -> io::Result<u64> {
        self.entry(END, &[], &[])?;
        self.flush()?;
        self.draft.write_all(&self.digest.finalize())?;
        self.draft.finish()?;
        Ok(self.bytes)
    }
}

/// An entry of a table: the table's number, key and value.
pub(crate) type Entry = (u8, Vec<u8>, Vec<u8>);

/// Reads a snapshot. Until it has come to the end, nothing that it gave is to be trusted.
pub(crate) struct Reader {
    input: BufReader<Box<dyn Read + Send>>,
    digest: Sha256,
}

impl Reader {
    pub(crate) fn new(input: Box<dyn Read + Send>) -> io::Result<(Self, Head)> {
        let input = BufReader::with_capacity(BUFFER_BYTES, input);
        let mut reader = Self { input, digest: Sha256::new() };
        if reader.take(MAGIC.len())? != MAGIC {
            return Err(damaged("it is of another version, or no snapshot"));
        }
        let (what, of, value) = reader.entry()?;
        let digest = reader.digest.clone().finalize();
        if what != HEAD || reader.entry()? != (HEAD, Vec::new(), digest.to_vec()) {
            return Err(damaged("its head is not as it was written"));
        }
        let (position, place) = value.split_at_checked(8).ok_or_else(|| damaged("it has no head"))?;
        let position = position.try_into().map(u64::from_be_bytes).map_err(|_| damaged("it has no head"))?;
        let of = String::from_utf8(of).map_err(|_| damaged("it has no head"))?;
        let place = place.to_vec();
        Ok((reader, Head { of, position, place }))
    }

    /// The next entry; none: this was all, and all of it is as it was written.
    pub(crate) fn next(&mut self) -> io::Result<Option<Entry>> {
        let (what, key, value) = self.entry()?;
        if what != END {
            return Ok(Some((what, key, value)));
        }
        let wanted = self.digest.clone().finalize();
        let mut found = Vec::with_capacity(wanted.len());
        (&mut self.input).take(2 * wanted.len() as u64).read_to_end(&mut found)?;
        if found == wanted.as_slice() { Ok(None) } else { Err(damaged("its digest is wrong")) }
    }

    fn entry(&mut self) -> io::Result<Entry> {
        let head = self.take(9)?;
        let length = |at: usize| {
            let bytes = head.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
            bytes.map_or(usize::MAX, |bytes| u32::from_be_bytes(bytes) as usize)
        };
        let (key, value) = (self.take(length(1))?, self.take(length(5))?);
        Ok((head.first().copied().unwrap_or(END), key, value))
    }

    fn take(&mut self, bytes: usize) -> io::Result<Vec<u8>> {
        if bytes > MOST_BYTES {
            return Err(damaged("an entry is too large"));
        }
        // Not all at once: what says how much there is may be damaged.
        let mut taken = Vec::with_capacity(bytes.min(BUFFER_BYTES));
        (&mut self.input).take(bytes as u64).read_to_end(&mut taken)?;
        if taken.len() < bytes {
            return Err(damaged("it is cut off"));
        }
        self.digest.update(&taken);
        Ok(taken)
    }
}

pub(crate) fn damaged(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A file in memory, of which a draft becomes the content.
    struct InMemory(Vec<u8>, Arc<Mutex<Vec<u8>>>);

    impl Write for InMemory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Draft for InMemory {
        fn finish(self: Box<Self>) -> io::Result<()> {
            *self.1.lock().unwrap() = self.0;
            Ok(())
        }
    }

    fn head() -> Head {
        Head { of: Head::of("a.v1.unique", 3), position: 7, place: b"place".to_vec() }
    }

    fn entries() -> Vec<Entry> {
        let large = vec![7; 3 * BUFFER_BYTES];
        vec![(0, vec![], vec![]), (1, b"key".to_vec(), b"value".to_vec()), (2, vec![0], large)]
    }

    fn written() -> Vec<u8> {
        let file = Arc::new(Mutex::new(Vec::new()));
        let mut writer = Writer::new(Box::new(InMemory(Vec::new(), file.clone())), &head()).unwrap();
        for (what, key, value) in entries() {
            writer.entry(what, &key, &value).unwrap();
        }
        writer.finish().unwrap();
        Arc::try_unwrap(file).unwrap().into_inner().unwrap()
    }

    fn read(bytes: Vec<u8>) -> io::Result<(Head, Vec<Entry>)> {
        let (mut reader, head) = Reader::new(Box::new(io::Cursor::new(bytes)))?;
        let mut entries = Vec::new();
        while let Some(entry) = reader.next()? {
            entries.push(entry);
        }
        Ok((head, entries))
    }

    #[test]
    fn it_is_read_back() {
        assert_eq!(read(written()).unwrap(), (head(), entries()));
    }

    /// What the head says goes to the log before the rest is read: a place that is none could be waited for, for ever.
    #[test]
    fn a_damaged_head_is_not_given() {
        let whole = written();
        let head_bytes = MAGIC.len() + 9 + head().of.len() + 8 + head().place.len();
        for at in 0..head_bytes + 9 + 32 {
            let mut other = whole.clone();
            other[at] ^= 0x40;
            assert!(Reader::new(Box::new(io::Cursor::new(other))).is_err(), "byte {at}");
        }
    }

    /// Wherever a byte is another one, or missing, or too many: nothing is taken for a whole snapshot.
    #[test]
    fn damage_is_seen() {
        let whole = written();
        let near = |at: usize| at < 200 || at + 200 > whole.len() || at.is_multiple_of(9973);
        for at in (0..whole.len()).filter(|at| near(*at)) {
            let mut other = whole.clone();
            other[at] ^= 0x40;
            assert!(read(other).is_err(), "byte {at}");
            assert!(read(whole[..at].to_vec()).is_err(), "cut at {at}");
        }
        assert!(read([whole.as_slice(), &[0]].concat()).is_err(), "a byte behind the end");
    }
}
