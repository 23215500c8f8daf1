//! Who gets in and who does not, on a broker with TLS and SASL.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output as Ended};
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use log::{Error, Log, Most, Output, Position, StateChange, Step};
use log_kafka::{Change, ClientCertificate, KafkaLog, Mechanism, Options, Sasl, Security};
use services::{GUEST, Listener, Secure};

use crate::certificates::{Authority, KEY_PASSWORD, Signed};

const USER: &str = "vigie";
/// Longer than a refusal takes by far, and shorter than any patience with a log that is away.
const SOON: Duration = Duration::from_secs(20);

/// The broker that these tests share, and what they know of it.
struct World {
    secure: Secure,
    authority: Authority,
    stranger: Authority,
    client: Signed,
    password: String,
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let (authority, stranger) = (Authority::new("authority"), Authority::new("stranger"));
        let local = &["127.0.0.1", "localhost"];
        let listener = |name, signed: Signed, wants_certificate, sasl| Listener {
            name,
            keystore: signed.keystore,
            wants_certificate,
            sasl,
        };
        let listeners = [
            listener("sasl", authority.sign("sasl", local, false), false, true),
            listener("mutual", authority.sign("mutual", local, false), true, false),
            listener("expired", authority.sign("expired", local, true), false, false),
            listener("elsewhere", authority.sign("elsewhere", &["elsewhere.example"], false), false, false),
        ];
        let password = format!("pass-{}", nanos());
        let secure = Secure::start(&listeners, &authority.file(), USER, &password).unwrap();
        World { secure, client: authority.sign("client", &[], false), authority, stranger, password }
    })
}

fn nanos() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos()
}

/// A token without a signature that holds for some more seconds.
fn token(more_s: i64) -> String {
    let now_s = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
    let claims = format!(r#"{{"sub":"{USER}","iat":{},"exp":{}}}"#, now_s - 1, now_s + more_s);
    let part = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.", part(r#"{"alg":"none"}"#), part(&claims))
}

impl World {
    /// A file that only its owner may read.
    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.authority.folder().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    fn user(&self, name: &str, password: &str, mechanism: Mechanism) -> Sasl {
        let password = self.file(&format!("password.{}", nanos()), password);
        Sasl::User { name: name.into(), password, mechanism }
    }

    fn options(&self, listener: &str, client: Option<ClientCertificate>, sasl: Option<Sasl>) -> Options {
        let security = Security::new(Some(self.authority.file()), client, sasl);
        let address = self.secure.address(listener).unwrap();
        Options { security: Some(security), ..Options::new(&address, Some(&format!("name.{}", nanos()))) }
    }

    fn with_token(&self, token: &Path) -> Options {
        self.options("sasl", None, Some(Sasl::Token(token.into())))
    }
}

fn certificate(signed: &Signed) -> Option<ClientCertificate> {
    let (certificate, key) = (signed.certificate.clone(), signed.key.clone());
    Some(ClientCertificate { certificate, key, key_password: None })
}

fn output(topic: &str, value: &str) -> Output {
    Output {
        topic: topic.into(),
        partition: 0,
        timestamp_us: 0,
        key: "".into(),
        value: value.to_owned().into(),
    }
}

fn patiently<T>(ask: impl Fn() -> Result<T, Error>) -> T {
    let start = Instant::now();
    loop {
        match ask() {
            Err(error) if error.is_retry() && start.elapsed() < SOON => {
                std::thread::sleep(Duration::from_millis(10));
            }
            result => return result.unwrap(),
        }
    }
}

/// All that a worker does with a log.
fn work(options: Options, topic: &str) {
    let stage = format!("{topic}.stage");
    let mut log = KafkaLog::connect(options).unwrap();
    log.create_topic(topic, 1).unwrap();
    log.create_state(&stage, 1).unwrap();
    let step = Step::of(topic, &[], &[output(topic, "a")], &[]);
    log.commit_step(step.clone()).unwrap();
    log.join(topic, &[topic]).unwrap();
    let (start, given) = (Instant::now(), Change::Assigned { topic: topic.into(), partition: 0 });
    while !log.changes().unwrap().contains(&given) {
        assert!(start.elapsed() < SOON, "the group gives nothing");
        std::thread::sleep(Duration::from_millis(10));
    }
    let records = patiently(|| log.read(topic, 0, 0, Most::ALL));
    assert_eq!(records.iter().map(|record| &*record.value).collect::<Vec<_>>(), [b"a"]);
    let positions = [Position { topic: topic.into(), partition: 0, next_offset: 1, note: String::new() }];
    let state = [StateChange { table: stage.as_str().into(), key: "k".into(), value: Some("v".into()) }];
    log.commit_step(Step::of(topic, &positions, &[], &state)).unwrap();
    assert_eq!(patiently(|| log.committed(topic, topic, 0)), Some(1));
    assert_eq!(patiently(|| log.state(&stage)), [(b"k".to_vec(), b"v".to_vec())]);
}

#[test]
fn every_way_in_leads_to_the_log() {
    let world = world();
    let mutual = || world.options("mutual", certificate(&world.client), None);
    let encrypted = world.authority.sign_encrypted("encrypted");
    let mut with_password = certificate(&encrypted);
    if let Some(client) = &mut with_password {
        client.key_password = Some(world.file("key.password", &format!("{KEY_PASSWORD}\n")));
    }
    let user = |mechanism| world.options("sasl", None, Some(world.user(USER, &world.password, mechanism)));
    let token = world.file("token", &token(3600));
    for (topic, options) in [
        ("by-certificate", mutual()),
        ("by-encrypted-key", world.options("mutual", with_password, None)),
        ("by-scram-512", user(Mechanism::ScramSha512)),
        ("by-scram-256", user(Mechanism::ScramSha256)),
        ("by-plain", user(Mechanism::Plain)),
        ("by-token", world.with_token(&token)),
    ] {
        let start = Instant::now();
        work(options, topic);
        println!("{topic}: {} ms", start.elapsed().as_millis());
    }
}

#[test]
fn who_is_not_let_in_is_told_why_and_soon() {
    let world = world();
    let sasl = |name: &str, password: &str, mechanism| {
        world.options("sasl", None, Some(world.user(name, password, mechanism)))
    };
    let good = || Some(world.user(USER, &world.password, Mechanism::ScramSha512));
    let mutual = |client| world.options("mutual", client, None);
    let by_stranger = |listener| {
        let security = Security::new(Some(world.stranger.file()), None, good());
        Options { security: Some(security), ..world.options(listener, None, None) }
    };
    let client = |name, has_expired| certificate(&world.authority.sign(name, &[], has_expired));
    let mixed = ClientCertificate {
        key: world.authority.sign("mixed", &[], false).key,
        ..certificate(&world.client).unwrap()
    };
    let encrypted = world.authority.sign_encrypted("refused");
    let with_password = |password: Option<&str>| {
        let key_password = password.map(|password| world.file("key.wrong", password));
        certificate(&encrypted).map(|client| ClientCertificate { key_password, ..client })
    };
    let plain = Options { brokers: world.secure.broker().address, ..world.options("sasl", None, good()) };
    let missing = Sasl::User {
        name: USER.into(),
        password: "/nowhere/password".into(),
        mechanism: Mechanism::ScramSha512,
    };
    let no_token = |text: &str| world.with_token(&world.file(&format!("token.{}", nanos()), text));
    let wrong = "wrong-password";
    let cases = [
        ("a wrong password by SCRAM", "VG3022", sasl(USER, wrong, Mechanism::ScramSha512)),
        ("a wrong password by PLAIN", "VG3022", sasl(USER, wrong, Mechanism::Plain)),
        ("an unknown user", "VG3022", sasl("nobody", &world.password, Mechanism::ScramSha256)),
        ("an unknown authority", "VG3020", by_stranger("sasl")),
        ("an expired broker", "VG3020", world.options("expired", None, None)),
        ("another host", "VG3020", world.options("elsewhere", None, None)),
        ("a broker without TLS", "VG3012", plain),
        ("no client certificate", "VG3021", mutual(None)),
        ("an expired client certificate", "VG3021", mutual(client("old", true))),
        (
            "a stranger's client certificate",
            "VG3021",
            mutual(certificate(&world.stranger.sign("x", &[], false))),
        ),
        ("another certificate's key", "VG3023", mutual(Some(mixed))),
        ("an encrypted key without a password", "VG3023", mutual(with_password(None))),
        ("an encrypted key with a wrong password", "VG3023", mutual(with_password(Some(wrong)))),
        ("no password file", "VG3023", world.options("sasl", None, Some(missing))),
        ("an expired token", "VG3024", no_token(&token(-60))),
        ("no token", "VG3024", no_token(wrong)),
    ];
    std::thread::scope(|scope| {
        for (what, code, options) in cases {
            scope.spawn(move || {
                let start = Instant::now();
                let said = KafkaLog::connect(options).map(|_| ()).unwrap_err().to_string();
                println!("{what}: {} ms: {said}", start.elapsed().as_millis());
                assert!(said.starts_with(code), "{what}: {said}");
                assert_eq!(
                    code == "VG3012",
                    said.ends_with("is it a listener without TLS?"),
                    "{what}: {said}"
                );
                assert!(!said.contains(&world.password) && !said.contains(wrong), "{what}: {said}");
                assert!(start.elapsed() < SOON, "{what}: {} s", start.elapsed().as_secs());
            });
        }
    });
}

#[test]
fn who_may_do_nothing_is_told_which_right_is_missing() {
    let world = world();
    let user = |name| Some(world.user(name, &world.password, Mechanism::ScramSha512));
    let maker = KafkaLog::connect(world.options("sasl", None, user(USER))).unwrap();
    maker.create_topic("of-another", 1).unwrap();
    let guest = world.options("sasl", None, user(GUEST));
    let is_told = |error: Error, what: &str| {
        let said = error.to_string();
        println!("{said}");
        assert!(said.starts_with("VG3025: ") && said.contains(what), "{said}");
    };
    is_told(KafkaLog::connect(guest.clone()).map(|_| ()).unwrap_err(), "Transactional Id");
    let log = KafkaLog::connect(Options { name: None, ..guest }).unwrap();
    for topic in ["of-nobody", "of-another"] {
        is_told(log.create_topic(topic, 1).unwrap_err(), topic);
        is_told(log.read(topic, 0, 0, Most::ALL).unwrap_err(), topic);
    }
}

/// How long a token is good for, in seconds.
const TOKEN_S: i64 = 12;

/// As Kubernetes does it: the file has a new token before the old one ends.
#[test]
fn a_token_is_read_again_before_it_ends() {
    let world = world();
    let maker = KafkaLog::connect(world.options("mutual", certificate(&world.client), None)).unwrap();
    maker.create_topic("tokens", 1).unwrap();
    // Longer than a connection is made.
    let old = world.file("token.old", &token(TOKEN_S));
    let other = KafkaLog::connect(world.with_token(&old)).unwrap();
    let renewed = world.file("token.renewed", &token(TOKEN_S));
    let mut log = KafkaLog::connect(world.with_token(&renewed)).unwrap();
    world.file("token.renewed", &token(3600));
    let start = Instant::now();
    let (outputs, mut written, mut late) = ([output("tokens", "a")], 0, 0);
    while late < 3 {
        assert!(start.elapsed() < 2 * SOON, "nothing is written with the new token");
        let step = Step::of("tokens", &[], &outputs, &[]);
        match log.commit_step(step.clone()) {
            Ok(()) => written += 1,
            // On a slow machine a connection may end before its token is read again: the next one has the new token.
            Err(error) if error.is_retry() => continue,
            Err(error) => panic!("{error}"),
        }
        let records = patiently(|| log.read("tokens", 0, 0, Most::ALL));
        assert!(records.len() >= written, "{} of {written}", records.len());
        late += usize::from(start.elapsed() > Duration::from_secs(TOKEN_S.unsigned_abs() + 1));
        std::thread::sleep(Duration::from_millis(100));
    }
    let refused = loop {
        match other.end_offset("tokens", 0) {
            Ok(_) => {}
            Err(error) if error.is_retry() => {}
            Err(error) => break error.to_string(),
        }
        assert!(start.elapsed() < 2 * SOON, "a token that has ended is not missed");
        std::thread::sleep(Duration::from_millis(100));
    };
    println!("after {} ms: {refused}", start.elapsed().as_millis());
    assert!(refused.starts_with("VG3024"), "{refused}");
}

fn vigie(data: &Path, log: &str, settings: &[(&str, &Path)], arguments: &[&str]) -> Ended {
    let built = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().to_path_buf();
    let mut command = Command::new(built.join("vigie"));
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
    if std::env::var_os("VIGIE_PLUGINS").is_none() {
        command.env("VIGIE_PLUGINS", built.parent().unwrap().join("plugins"));
    }
    // All that might make it talk.
    command.envs([("RUST_LOG", "trace"), ("RUST_BACKTRACE", "full")]);
    command.env("VIGIE_DATA_DIR", data).env("VIGIE_LOG", log).env("VIGIE_KAFKA_USER", USER);
    command.envs(settings.iter().copied()).args(arguments).output().unwrap()
}

fn said(ended: &Ended) -> String {
    format!("{}{}", String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr))
}

#[test]
fn the_program_runs_by_tls_and_tells_no_secret() {
    let (world, data) = (world(), tempfile::tempdir().unwrap());
    let log = format!("kafkas://{}", world.secure.address("sasl").unwrap());
    let (ca, password) = (world.authority.file(), world.file("program.password", &world.password));
    let settings = [("VIGIE_KAFKA_CA_FILE", &*ca), ("VIGIE_KAFKA_PASSWORD_FILE", &*password)];
    let succeed = |arguments: &[&str]| {
        let ended = vigie(data.path(), &log, &settings, arguments);
        let said = said(&ended);
        assert!(ended.status.success() && !said.contains(&world.password), "{arguments:?}: {said}");
        assert!(!said.contains("VG0041"), "{said}");
        String::from_utf8(ended.stdout).unwrap()
    };
    succeed(&["simulate", "--events", "500", "--to-topics"]);
    succeed(&["run", "pipelines/field-reports.yaml"]);
    assert_eq!(succeed(&["--output", "json", "tail", "events", "--limit", "3"]).lines().count(), 3);

    let wrong_password = format!("wrong-{}", nanos());
    let wrong = world.file("program.wrong", &wrong_password);
    fs::set_permissions(&wrong, fs::Permissions::from_mode(0o644)).unwrap();
    let expired = token(-60);
    let expired_file = world.file("program.token", &expired);
    let ca = settings[0];
    let (run, tail) = (&["run", "pipelines/field-reports.yaml"][..], &["tail", "events"][..]);
    for (settings, log, arguments, wanted) in [
        ([ca, ("VIGIE_KAFKA_PASSWORD_FILE", &*wrong)].to_vec(), &log, run, ["VG3022", "VG0041"]),
        ([ca, ("VIGIE_KAFKA_PASSWORD_FILE", &*wrong)].to_vec(), &log, tail, ["VG3022", "VG0041"]),
        ([ca, ("VIGIE_KAFKA_TOKEN_FILE", &*expired_file)].to_vec(), &log, tail, ["VG0040", "alone"]),
        (settings.to_vec(), &log.replace("kafkas", "kafka"), tail, ["VG0040", "kafkas://"]),
    ] {
        let start = Instant::now();
        let ended = vigie(data.path(), log, &settings, arguments);
        let said = said(&ended);
        assert_eq!(ended.status.code(), Some(1), "{said}");
        assert!(wanted.iter().all(|wanted| said.contains(wanted)), "{wanted:?}: {said}");
        assert_eq!(said.matches("VG0041").count(), usize::from(wanted.contains(&"VG0041")), "{said}");
        let secrets = [&world.password, &wrong_password, &expired];
        assert!(secrets.iter().all(|secret| !said.contains(*secret)), "{said}");
        assert!(start.elapsed() < SOON, "{} s: {said}", start.elapsed().as_secs());
    }
}
