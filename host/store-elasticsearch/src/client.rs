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
use tokio::task::{Id, JoinSet};

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

type Answered = Result<Answer, elasticsearch::Error>;

/// Requests that are on their way; given up where this is dropped.
#[derive(Default)]
pub(crate) struct Requests(JoinSet<Answered>);

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
        self.judge(self.runtime.block_on(self.request(method, path.into(), content, body)))
    }

    /// Sends lines, and does not wait for the answer.
    pub(crate) fn start_lines(&self, requests: &mut Requests, path: String, body: Bytes) -> Id {
        let request = self.request(Method::Post, path, LINES, Some(body));
        requests.0.spawn_on(request, self.runtime.handle()).id()
    }

    fn request(
        &self,
        method: Method,
        path: String,
        content: &'static str,
        body: Option<Bytes>,
    ) -> impl Future<Output = Answered> + Send + use<> {
        let headers = HeaderMap::from_iter([
            (CONTENT_TYPE, HeaderValue::from_static(content)),
            // An answer is a twentieth of its request: not worth the time of packing it.
            (ACCEPT_ENCODING, HeaderValue::from_static("identity")),
        ]);
        let transport = self.transport.clone();
        async move {
            let answer = transport.send(method, &path, headers, None::<&()>, body, None).await?;
            Ok(Answer { status: answer.status_code().as_u16(), body: answer.bytes().await? })
        }
    }

    /// Waits for the next answer, whatever its status, to whichever request; none: nothing is on its way.
    pub(crate) fn finish(&self, requests: &mut Requests) -> Option<(Id, Result<Answer, StoreError>)> {
        Some(match self.runtime.block_on(requests.0.join_next_with_id())? {
            Ok((id, answered)) => (id, self.judge(answered)),
            Err(error) => (error.id(), Err(failed("the client has stopped"))),
        })
    }

    fn judge(&self, answered: Answered) -> Result<Answer, StoreError> {
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
