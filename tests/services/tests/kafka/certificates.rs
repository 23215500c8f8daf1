//! Authorities and certificates for the tests of TLS, made anew for each run.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PublicKeyData, SignatureAlgorithm, date_time_ymd,
};
use tempfile::TempDir;

/// A key of nothing but these tests, under a password (PBES2, AES-256): rcgen writes none.
const ENCRYPTED_KEY: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhEdYqFBEK/xAICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEHR/WXmg+X9RE1wzXE2Dbu0EgZDj
dFimM0oEfad1aY0DyOGPVeY95DrwsdDEqMFWY28gZ7JbMCkL8Vr7dLvixV27tEj0
L+VEASZchlG+zaTX6+L6/n/UMc0brmGGMFQ9/0ND/o2wUPJjz/WrOJw11Yl5Foov
shPbNT+5D8wpFUuMKRapM+J2jvjOKUqgCZ+qDlF1PoF7293WXEWzZAtaTlN7VWY=
-----END ENCRYPTED PRIVATE KEY-----
";
/// Its password.
pub const KEY_PASSWORD: &str = "of-a-test-key";
/// Its public half: a point of P-256, not compressed.
const PUBLIC_KEY: &str = "0418a27a6913a9b190957a0740d266b199bf3f286d8bf90a98e76bec25d3bbca4\
                          cd6e849fa8b36febf85e95d034c728ee45376c2278123feb54ee3c8cad652afd5";

struct PublicKey(Vec<u8>);

impl PublicKeyData for PublicKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

/// Who signs certificates.
pub struct Authority {
    folder: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key, as PEM files.
pub struct Signed {
    pub certificate: PathBuf,
    pub key: PathBuf,
    /// Both in one file, as a broker wants them.
    pub keystore: PathBuf,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().unwrap();
        fs::write(folder.path().join("ca.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
        Self { folder, issuer: Issuer::new(params, key) }
    }

    /// Its own certificate.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A folder for what belongs to it.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Signs a certificate for hosts; one that has expired ended in 2021.
    pub fn sign(&self, name: &str, hosts: &[&str], has_expired: bool) -> Signed {
        let key = KeyPair::generate().unwrap();
        self.sign_key(name, hosts, has_expired, &key, &key.serialize_pem())
    }

    /// Signs a certificate whose key has the password [`KEY_PASSWORD`].
    pub fn sign_encrypted(&self, name: &str) -> Signed {
        self.sign_key(name, &[], false, &PublicKey(hex::decode(PUBLIC_KEY).unwrap()), ENCRYPTED_KEY)
    }

    fn sign_key(
        &self,
        name: &str,
        hosts: &[&str],
        has_expired: bool,
        key: &impl PublicKeyData,
        pem: &str,
    ) -> Signed {
        let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(hosts).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.use_authority_key_identifier_extension = true;
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(if has_expired { 2021 } else { 4000 }, 1, 1);
        let certificate = params.signed_by(key, &self.issuer).unwrap().pem();
        let write = |kind: &str, text: &str| {
            let path = self.folder.path().join(format!("{name}.{kind}.pem"));
            fs::write(&path, text).unwrap();
            path
        };
        Signed {
            keystore: write("keystore", &format!("{pem}{certificate}")),
            certificate: write("certificate", &certificate),
            key: write("key", pem),
        }
    }
}
