//! Snapshots of keyed state as files of the data folder, readable by their owner alone, as the log is.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use pipeline::{Draft, Snapshots};

/// A folder of snapshots. Only who holds the data folder's lock may write there.
pub struct SnapshotFolder {
    path: PathBuf,
}

impl SnapshotFolder {
    pub fn in_data(data_dir: &Path) -> Self {
        Self { path: data_dir.join("snapshots") }
    }

    /// Names of stages are names of consumer groups, which have no slash in them.
    fn file(&self, stage: &str, partition: u32) -> PathBuf {
        self.path.join(format!("{stage}.{partition}"))
    }
}

/// A file under a name of its own until it is whole.
struct NewFile {
    file: File,
    aside: PathBuf,
    path: PathBuf,
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Draft for NewFile {
    fn finish(self: Box<Self>) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.aside, &self.path)?;
        // The name too: otherwise the older file may be back after a power cut, which would only cost time.
        self.path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    }
}

impl Snapshots for SnapshotFolder {
    fn write(&mut self, stage: &str, partition: u32) -> io::Result<Box<dyn Draft>> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.path)?;
        let path = self.file(stage, partition);
        let aside = self.path.join(format!("{stage}.{partition}.new"));
        // What a crash has left may have other permissions.
        match fs::remove_file(&aside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = File::options().write(true).create_new(true).mode(0o600).open(&aside)?;
        Ok(Box::new(NewFile { file, aside, path }))
    }

    fn read(&mut self, stage: &str, partition: u32) -> io::Result<Option<Box<dyn Read + Send>>> {
        match File::open(self.file(stage, partition)) {
            Ok(file) => Ok(Some(Box::new(file))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn text(folder: &mut SnapshotFolder) -> Option<String> {
        let mut text = String::new();
        folder.read("a.v1.b", 3).unwrap()?.read_to_string(&mut text).unwrap();
        Some(text)
    }

    #[test]
    fn one_takes_the_place_of_the_other_once_it_is_whole() {
        let data = tempfile::tempdir().unwrap();
        let mut folder = SnapshotFolder::in_data(data.path());
        assert_eq!(text(&mut folder), None);
        let mut draft = folder.write("a.v1.b", 3).unwrap();
        draft.write_all(b"first").unwrap();
        assert_eq!(text(&mut folder), None, "it is not finished");
        draft.finish().unwrap();
        assert_eq!(text(&mut folder).unwrap(), "first");
        // A crash leaves half of one, which anyone may read.
        folder.write("a.v1.b", 3).unwrap().write_all(b"ha").unwrap();
        let aside = data.path().join("snapshots/a.v1.b.3.new");
        fs::set_permissions(&aside, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(text(&mut folder).unwrap(), "first");
        let mut draft = folder.write("a.v1.b", 3).unwrap();
        draft.write_all(b"second").unwrap();
        draft.finish().unwrap();
        assert_eq!(text(&mut folder).unwrap(), "second");
        let mode = |path: &str| fs::metadata(data.path().join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("snapshots"), mode("snapshots/a.v1.b.3")), (0o700, 0o600));
        assert!(!aside.exists());
    }
}
