//! Requests, each with an end.

use bytes::Bytes;
use deliver::StoreError;
use elasticsearch::auth::Credentials;
use elasticsearch::cert::{Certificate, CertificateValidation};
use elasticsearch::http::Method;
use elasticsearch::http::headers::{ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use elasticsearch::http::transport::{SingleNodeConnectionPool, Transport, TransportBuilder};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use crate::options::{Login, Options};
use crate::refusal;

/// What a body of lines is.
const LINES: &str = "application/x-ndjson";

/// A connection to the cluster, with a runtime of its own.
pub(crate) struct Client {
    runtime: Runtime,
    transport: Transport,
    timeout_s: u64,
}

/// What the cluster answered.
pub(crate) struct Answer {
    pub status: u16,
    pub body: Bytes,
}

/// A request that is on its way; given up where this is dropped.
pub(crate) struct Sent(JoinHandle<Result<Answer, elasticsearch::Error>>);

impl Drop for Sent {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn failed(why: &str) -> StoreError {
    StoreError::Failed(why.into())
}

impl Client {
    /// Reads the files of secrets; does not connect yet.
    pub(crate) fn new(options: &Options) -> Result<Self, StoreError> {
        // A thread of its own: requests go on while others are written.
        let runtime =
            Builder::new_multi_thread().worker_threads(1).thread_name("elasticsearch").enable_all().build();
        let runtime = runtime.map_err(|e| failed(&format!("the system gives no runtime: {e}")))?;
        let pool = SingleNodeConnectionPool::new(options.place()?);
        // A proxy of the environment is for the web, not for a store.
        let mut builder = TransportBuilder::new(pool).timeout(options.timeout()).disable_proxy();
        if let Some(authorities) = options.authorities()? {
            let certificates = Certificate::from_pem(authorities.as_bytes());
            let certificates =
                certificates.map_err(|_| failed("`ca_file` is no PEM file of certificates"))?;
            builder = builder.cert_validation(CertificateValidation::Full(certificates));
        }
        builder = match options.login()? {
            Login::Nobody => builder,
            Login::Password { user, password } => builder.auth(Credentials::Basic(user, password)),
            Login::ApiKey(key) => builder.auth(Credentials::EncodedApiKey(key)),
        };
        // What it says may quote a certificate's file.
        let transport =
            builder.build().map_err(|_| failed("`ca_file` has no certificate that can be used"))?;
        Ok(Self { runtime, transport, timeout_s: options.timeout_s })
    }

    /// Sends a request and waits for its answer, whatever its status.
    pub(crate) fn ask(&self, method: Method, path: &str, body: Option<Bytes>) -> Result<Answer, StoreError> {
        self.send(method, path, "application/json", body)
    }

    /// The same with a body of lines.
    pub(crate) fn post_lines(&self, path: &str, body: Bytes) -> Result<Answer, StoreError> {
        self.send(Method::Post, path, LINES, Some(body))
    }

    fn send(
        &self,
        method: Method,
        path: &str,
        content: &'static str,
        body: Option<Bytes>,
    ) -> Result<Answer, StoreError> {
        self.finish(self.start(method, path.into(), content, body))
    }

    /// Sends lines, and does not wait for the answer.
    pub(crate) fn start_lines(&self, path: String, body: Bytes) -> Sent {
        self.start(Method::Post, path, LINES, Some(body))
    }

    fn start(&self, method: Method, path: String, content: &'static str, body: Option<Bytes>) -> Sent {
        let headers = HeaderMap::from_iter([
            (CONTENT_TYPE, HeaderValue::from_static(content)),
            // An answer is a twentieth of its request: not worth the time of packing it.
            (ACCEPT_ENCODING, HeaderValue::from_static("identity")),
        ]);
        let transport = self.transport.clone();
        Sent(self.runtime.spawn(async move {
            let answer = transport.send(method, &path, headers, None::<&()>, body, None).await?;
            Ok(Answer { status: answer.status_code().as_u16(), body: answer.bytes().await? })
        }))
    }

    /// Waits for an answer, whatever its status.
    pub(crate) fn finish(&self, mut sent: Sent) -> Result<Answer, StoreError> {
        let answered = self.runtime.block_on(&mut sent.0);
        let answered = answered.map_err(|_| failed("the client has stopped"))?;
        answered.map_err(|error| refusal::of_connection(&error, self.timeout_s))
    }

    /// A JSON document, where there is one.
    pub(crate) fn get(&self, path: &str) -> Result<Option<Value>, StoreError> {
        let answer = self.ask(Method::Get, path, None)?;
        if answer.status == 404 { Ok(None) } else { answer.json().map(Some) }
    }

    /// Sends a JSON document.
    pub(crate) fn put(&self, method: Method, path: &str, body: &Value) -> Result<Answer, StoreError> {
        self.ask(method, path, Some(body.to_string().into()))
    }
}

impl Answer {
    pub(crate) fn is_done(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The cluster's name for what is wrong.
    pub(crate) fn name(&self) -> String {
        refusal::name(&self.body)
    }

    pub(crate) fn error(&self) -> StoreError {
        refusal::of_status(self.status, &self.name())
    }

    pub(crate) fn done(self) -> Result<(), StoreError> {
        if self.is_done() { Ok(()) } else { Err(self.error()) }
    }

    pub(crate) fn json(self) -> Result<Value, StoreError> {
        if !self.is_done() {
            return Err(self.error());
        }
        serde_json::from_slice(&self.body).map_err(|_| failed("what answers at `url` is no Elasticsearch"))
    }
}
