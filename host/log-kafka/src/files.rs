//! The files that a connection's secrets and certificates lie in.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use log::Refusal;

/// Most bytes of a file: a bundle of all authorities of the web has some 200 KiB.
const MOST_BYTES: u64 = 1 << 20;

/// A file that cannot be used, with the reason.
pub fn refused(what: &str, path: &Path, why: &str) -> Refusal {
    Refusal::File { what: format!("{what} {}", path.display()), why: why.into() }
}

fn text(what: &str, path: &Path) -> Result<String, Refusal> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(MOST_BYTES + 1).read_to_string(&mut text));
    // An error of reading says nothing of what was read.
    read.map_err(|error| refused(what, path, &error.to_string()))?;
    if text.len() as u64 > MOST_BYTES {
        return Err(refused(what, path, "it is larger than 1 MiB"));
    }
    Ok(text)
}

/// A password or a token: one line, whose end is no part of it.
pub fn secret(what: &str, path: &Path) -> Result<String, Refusal> {
    let text = text(what, path)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() {
        return Err(refused(what, path, "it is empty"));
    }
    if line.chars().any(char::is_control) {
        return Err(refused(what, path, "it has more than one line"));
    }
    Ok(line.into())
}

/// The name of a file that holds a certificate or a key as PEM, after a look into it.
pub fn pem<'a>(what: &str, path: &'a Path, label: &str, has_password: bool) -> Result<&'a str, Refusal> {
    let text = text(what, path)?;
    let is_begin = |line: &&str| line.starts_with("-----BEGIN ") && line.contains(label);
    let Some(begin) = text.lines().find(is_begin) else {
        return Err(refused(
            what,
            path,
            &format!("it has no `-----BEGIN {label}-----`: it is no such PEM file"),
        ));
    };
    if begin.contains("ENCRYPTED") && !has_password {
        return Err(refused(what, path, "it is encrypted, and there is no file with its password"));
    }
    path.to_str().ok_or_else(|| refused(what, path, "its name is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn said<T: std::fmt::Debug>(result: Result<T, Refusal>) -> String {
        let said = result.unwrap_err().to_string();
        assert!(said.starts_with("VG3023: ") && !said.contains("hunter2"), "{said}");
        said
    }

    #[test]
    fn a_secret_is_one_line() {
        let folder = std::env::temp_dir().join(format!("vigie-files-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("password");
        let read = |bytes: &str| {
            fs::write(&path, bytes).unwrap();
            secret("the password file", &path)
        };
        for bytes in ["hunter2", "hunter2\n", "hunter2\r\n"] {
            assert_eq!(read(bytes), Ok("hunter2".into()));
        }
        assert_eq!(read(" hunter2 "), Ok(" hunter2 ".into()), "spaces may belong to it");
        assert!(said(read("\n")).contains("it is empty"));
        assert!(said(read("hunter2\nhunter2\n")).contains("more than one line"));
        assert!(said(read("hunter2\0")).contains("more than one line"));
        let large = "hunter2".repeat(200_000);
        assert!(said(read(&large)).contains("larger than"));
        fs::remove_file(&path).unwrap();
        let missing = said(secret("the password file", &path));
        assert!(missing.contains("the password file /") && missing.contains("No such file"), "{missing}");
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_pem_file_has_what_is_looked_for() {
        let path = std::env::temp_dir().join(format!("vigie-pem-{}", std::process::id()));
        let read = |bytes: &str, label: &str, has_password: bool| {
            fs::write(&path, bytes).unwrap();
            pem("the key file", &path, label, has_password)
                .map(|name| assert_eq!(name, path.to_str().unwrap()))
        };
        assert_eq!(read("x\n-----BEGIN CERTIFICATE-----\n", "CERTIFICATE", false), Ok(()));
        assert_eq!(read("-----BEGIN EC PRIVATE KEY-----\n", "PRIVATE KEY", false), Ok(()));
        assert!(said(read("hunter2", "CERTIFICATE", false)).contains("-----BEGIN CERTIFICATE-----"));
        let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nhunter2";
        assert!(said(read(encrypted, "PRIVATE KEY", false)).contains("encrypted"));
        assert_eq!(read(encrypted, "PRIVATE KEY", true), Ok(()));
        fs::remove_file(&path).unwrap();
    }
}
