//! Talking HTTP to one host about one repository: authentication, bounded silence, bounded answers.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{Method, Response, StatusCode, Url};

use super::answer::{Action, Asked, refusal, unmet};
use super::auth::{Challenge, TokenAnswer, scopes};
use super::credentials::{self, Login, Secret};
use super::http::{Clients, broken, is_loopback, tell};
use super::outgoing::{MAX_REDIRECTS, Outgoing};
use super::places::{Host, address};
use crate::error::{Context, Error, Kind, Result};
use crate::log;
use crate::oci::manifest::read_json;

/// The longest that a token server's answer may be.
const MAX_TOKEN: u64 = 1 << 20;
/// What we call ourselves to token servers.
const CLIENT: &str = "corten";

/// A host, as one repository's client talks to it.
#[derive(Debug)]
pub(super) struct Connection {
    http: Clients,
    pub(super) host: Host,
    /// The repository as people write it, for errors.
    name: String,
    action: Action,
    /// What tokens are asked for.
    scopes: Vec<String>,
    /// The login to use, once it was looked for.
    login: OnceLock<Option<Login>>,
    /// The value of the Authorization header, once the registry wanted one.
    authorization: Mutex<Option<Arc<str>>>,
    /// Held by who asks for a token, so that only one does.
    asking: tokio::sync::Mutex<()>,
    stall: Duration,
    is_given_up: AtomicBool,
    /// Whether it was found to know no encryption, and need not.
    is_plain: AtomicBool,
    scheme_settled: tokio::sync::OnceCell<()>,
}

/// What a token server gave.
struct Token {
    token: String,
    /// What may be given back in the password's place.
    identity: Option<String>,
}

impl Connection {
    /// Prepares to talk to a host about the repository that people call `name`. Makes no connection yet.
    pub(super) fn new(
        host: Host,
        name: String,
        action: Action,
        scopes: Vec<String>,
        stall: Duration,
    ) -> Result<Self> {
        Ok(Self {
            http: Clients::new(&host.root, &host.trust, stall)?,
            host,
            name,
            action,
            scopes,
            login: OnceLock::new(),
            authorization: Mutex::new(None),
            asking: tokio::sync::Mutex::new(()),
            stall,
            is_given_up: AtomicBool::new(false),
            is_plain: AtomicBool::new(false),
            scheme_settled: tokio::sync::OnceCell::new(),
        })
    }

    /// Asks tokens for this, too.
    pub(super) fn with_scope(mut self, scope: &str) -> Self {
        self.scopes.push(scope.to_owned());
        self
    }

    /// Uses this login, whatever the files have.
    pub(super) fn with_login(self, login: Login) -> Self {
        Self {
            login: OnceLock::from(Some(login)),
            ..self
        }
    }

    /// An address below the repository's.
    pub(super) fn url(&self, relative: &str) -> Result<Url> {
        let mut url = address(&format!("{}{}/{relative}", self.host.root, self.host.path))?;
        if let Some(namespace) = &self.host.namespace {
            url.query_pairs_mut().append_pair("ns", namespace);
        }
        Ok(url)
    }

    /// Not to be asked any more, if it only stands in for another.
    pub(super) fn give_up(&self) {
        self.is_given_up.store(self.host.is_mirror, Ordering::Relaxed);
    }

    /// Whether it may be asked.
    pub(super) fn is_usable(&self) -> bool {
        !self.is_given_up.load(Ordering::Relaxed)
    }

    /// Asks for something, with authentication if the registry wants it; an answer that is no success is an error.
    pub(super) async fn get(&self, url: &Url, headers: &HeaderMap) -> Result<Response> {
        let response = self.request(Method::GET, url, headers, Bytes::new()).await?;
        self.expect(response, StatusCode::is_success).await
    }

    /// The answer, if its status is good; otherwise the error that it means.
    pub(super) async fn expect(
        &self,
        response: Response,
        is_good: impl Fn(&StatusCode) -> bool,
    ) -> Result<Response> {
        match is_good(&response.status()) {
            true => Ok(response),
            false => Err(refusal(response, &self.asked()).await),
        }
    }

    fn asked(&self) -> Asked<'_> {
        let user = self.login().ok().flatten().map(|login| login.username);
        Asked {
            action: self.action,
            host: &self.host.name,
            name: &self.name,
            user,
        }
    }

    fn login(&self) -> Result<Option<Login>> {
        if let Some(login) = self.login.get() {
            return Ok(login.clone());
        }
        let found = credentials::find(&self.host.name, &self.host.path)?;
        Ok(self.login.get_or_init(|| found).clone())
    }

    /// Sends a request, with authentication if the registry wants it; the answer may be anything.
    pub(super) async fn request(
        &self,
        method: Method,
        url: &Url,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Response> {
        self.request_patiently(method, url, headers, body, Duration::ZERO)
            .await
    }

    /// The same for an answer that may take so much longer than others.
    pub(super) async fn request_patiently(
        &self,
        method: Method,
        url: &Url,
        headers: &HeaderMap,
        body: Bytes,
        patience: Duration,
    ) -> Result<Response> {
        self.settle_scheme().await;
        let request = Outgoing {
            method,
            headers: headers.clone(),
            body,
            patience,
            ..Outgoing::get(self.spoken(url))
        };
        let used = self.authorization();
        let response = self.send(&request, used.as_deref()).await?;
        // Somebody to whom the registry sent us is told nothing, and believed nothing about who knows our password.
        if response.status() != StatusCode::UNAUTHORIZED || !self.is_ours(response.url()) {
            return Ok(response);
        }
        let fresh = self.authenticate(&response, used).await?;
        self.send(&request, Some(&fresh)).await
    }

    fn authorization(&self) -> Option<Arc<str>> {
        let value = self.authorization.lock().unwrap_or_else(PoisonError::into_inner);
        value.clone()
    }

    /// Sends a request; what is the registry's alone goes along as long as it stays there.
    async fn send(&self, request: &Outgoing, authorization: Option<&str>) -> Result<Response> {
        let mut private = self.host.headers.clone();
        if let Some(value) = authorization {
            private.insert(AUTHORIZATION, secret(value)?);
        }
        let request = Outgoing {
            private,
            home: self.spoken(&self.host.root),
            ..request.clone()
        };
        self.exchange(request).await
    }

    /// Whether an address is the registry's own.
    fn is_ours(&self, url: &Url) -> bool {
        self.spoken(&self.host.root).origin() == self.spoken(url).origin()
    }

    /// The address as the host understands it: without encryption, if it knows none and need not.
    fn spoken(&self, url: &Url) -> Url {
        let mut url = url.clone();
        let is_same = url.host() == self.host.root.host() && url.port() == self.host.root.port();
        if is_same && self.is_plain.load(Ordering::Relaxed) {
            // Fails for no address that begins with https.
            let _ = url.set_scheme("http");
        }
        url
    }

    /// Finds out whether a host that need not know encryption does.
    async fn settle_scheme(&self) {
        if !self.host.is_insecure || self.host.root.scheme() == "http" {
            return;
        }
        let try_it = async {
            let request = Outgoing::get(self.host.root.clone());
            if let Err(error) = self.exchange_once(&request).await {
                log::debug(format_args!(
                    "{}: {error}: trying without encryption",
                    self.host.name
                ));
                self.is_plain.store(true, Ordering::Relaxed);
            }
        };
        self.scheme_settled.get_or_init(async || try_it.await).await;
    }

    /// Sends a request, and on to where the answers send it: registries do so for blobs.
    async fn exchange(&self, mut request: Outgoing) -> Result<Response> {
        for _ in 0..=MAX_REDIRECTS {
            let response = self.exchange_once(&request).await?;
            match request.sent_on(&response)? {
                None => return Ok(response),
                Some(next) => request = next,
            }
        }
        Err(Error::new(Kind::Unsupported, "too many redirections"))
    }

    async fn exchange_once(&self, request: &Outgoing) -> Result<Response> {
        let client = self.http.of(&request.url)?;
        let (built, taken) = request.build(client);
        let built = built.build().map_err(|error| broken(&error))?;
        // What follows the path may be a secret: a signature, the state of an upload.
        let mut url = request.url.clone();
        url.set_query(None);
        let (asked, begun) = (format!("{} {url}", request.method), Instant::now());
        let mut answer = pin!(client.execute(built));
        let result = loop {
            let limit = request.limit(self.stall, &taken);
            let event = tokio::time::timeout(limit, async {
                tokio::select! {
                    answer = &mut answer => Some(answer),
                    () = taken.more.notified() => None,
                }
            });
            match event.await {
                Err(_) => break Err(silent(limit)),
                Ok(Some(answer)) => break answer.map_err(|error| broken(&error)),
                Ok(None) => {}
            }
        };
        tell(&asked, &result, begun.elapsed());
        result
    }

    /// Does what the registry's 401 demands; returns what to send from now on. `used` was sent in vain.
    async fn authenticate(&self, response: &Response, used: Option<Arc<str>>) -> Result<Arc<str>> {
        let _alone = self.asking.lock().await;
        if let Some(other) = self.authorization().filter(|other| used.as_ref() != Some(other)) {
            return Ok(other);
        }
        let login = self.login()?;
        let challenge = self.challenge(response);
        log::debug(format_args!(
            "{} wants credentials: {challenge:?}; there is {login:?}",
            self.host.name
        ));
        let value: Arc<str> = match (challenge, login) {
            (None, _) => {
                return Err(unmet(
                    &self.asked(),
                    "the registry does not say what it wants instead",
                ));
            }
            (Some(Challenge::Basic), login) => self.basic(login)?.into(),
            (
                Some(Challenge::Bearer {
                    realm,
                    service,
                    scope,
                }),
                login,
            ) => {
                let scopes = scopes(scope.as_deref(), &self.scopes);
                let token = self.token(&realm, service.as_deref(), &scopes, login.as_ref(), false);
                format!("Bearer {}", token.await?.token).into()
            }
        };
        *self.authorization.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&value));
        Ok(value)
    }

    fn basic(&self, login: Option<Login>) -> Result<String> {
        match login {
            Some(Login {
                username,
                secret: Secret::Password(password),
            }) => Ok(basic_header(&username, &password)),
            Some(_) => Err(unmet(
                &self.asked(),
                "the registry wants a password, and there is only a token",
            )),
            None => Err(unmet(&self.asked(), "no basic auth credentials")),
        }
    }

    /// A token from the registry's token server (distribution's "Token Authentication Specification").
    async fn token(
        &self,
        realm: &str,
        service: Option<&str>,
        scopes: &[String],
        login: Option<&Login>,
        for_login: bool,
    ) -> Result<Token> {
        let url = self.token_server(realm)?;
        let request = match login.map(|login| (&login.username, &login.secret)) {
            Some((_, Secret::IdentityToken(token))) => refresh(url, service, scopes, token),
            password => {
                let password = password.and_then(|(name, secret)| match secret {
                    Secret::Password(password) => Some((name.as_str(), password.as_str())),
                    Secret::IdentityToken(_) => None,
                });
                ask(url, service, scopes, password, for_login)?
            }
        };
        let response = self.exchange(request).await?;
        let response = self
            .expect(response, StatusCode::is_success)
            .await
            .context(|| "get a token")?;
        let bytes = self.body(response, MAX_TOKEN, "token").await?;
        let answer: TokenAnswer = read_json(&bytes, "token server's answer")?;
        let identity = answer.identity();
        let token = answer.token()?;
        match HeaderValue::from_str(&token) {
            Ok(_) => Ok(Token { token, identity }),
            Err(_) => Err(Error::new(
                Kind::Invalid,
                "the token server gave a token that cannot be sent",
            )),
        }
    }

    /// The address of a token server, to whom secrets may be sent.
    fn token_server(&self, realm: &str) -> Result<Url> {
        let bad = || {
            Error::new(
                Kind::Invalid,
                format!("the registry names \"{realm}\" as its token server"),
            )
        };
        let url: Url = realm.parse().map_err(|_| bad())?;
        let is_near = url.host_str().is_some_and(is_loopback);
        let may_be_plain = is_near || self.host.is_insecure && url.host() == self.host.root.host();
        match url.scheme() == "https" || url.scheme() == "http" && may_be_plain {
            true => Ok(url),
            false => Err(bad().hint("credentials are only sent over HTTPS")),
        }
    }

    /// Whether the registry accepts the login that this was made with; returns what to keep of it: the login, or what
    /// the token server gave in its place.
    pub(super) async fn try_login(&self, login: &Login) -> Result<Login> {
        self.settle_scheme().await;
        let request = Outgoing::get(self.spoken(&self.host.root));
        let first = self.send(&request, None).await?;
        let mut kept = login.clone();
        let authorization = match (first.status(), self.challenge(&first)) {
            (StatusCode::UNAUTHORIZED, Some(Challenge::Basic)) => self.basic(Some(login.clone()))?,
            (StatusCode::UNAUTHORIZED, Some(Challenge::Bearer { realm, service, .. })) => {
                let token = self
                    .token(&realm, service.as_deref(), &[], Some(login), true)
                    .await?;
                if let Some(identity) = token.identity {
                    kept.secret = Secret::IdentityToken(identity);
                }
                format!("Bearer {}", token.token)
            }
            (StatusCode::UNAUTHORIZED, None) => {
                return Err(unmet(
                    &self.asked(),
                    "the registry does not say what it wants instead",
                ));
            }
            _ => return self.expect(first, StatusCode::is_success).await.map(|_| kept),
        };
        let second = self.send(&request, Some(&authorization)).await?;
        self.expect(second, StatusCode::is_success).await.map(|_| kept)
    }

    /// One piece of a body; `None` at its end.
    pub(super) async fn piece(&self, response: &mut Response) -> Result<Option<Bytes>> {
        match tokio::time::timeout(self.stall, response.chunk()).await {
            Err(_) => Err(silent(self.stall)),
            Ok(Err(error)) => Err(broken(&error)),
            Ok(Ok(piece)) => Ok(piece),
        }
    }

    /// A whole body of at most `limit` bytes.
    pub(super) async fn body(&self, mut response: Response, limit: u64, what: &str) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        while let Some(piece) = self.piece(&mut response).await? {
            bytes.extend_from_slice(&piece);
            if bytes.len() as u64 > limit {
                return Err(too_long(what, limit));
            }
        }
        Ok(bytes)
    }

    /// The first demand of the registry's answer that is known here.
    fn challenge(&self, response: &Response) -> Option<Challenge> {
        let challenges = response.headers().get_all(WWW_AUTHENTICATE);
        challenges
            .iter()
            .filter(|_| self.is_ours(response.url()))
            .find_map(|value| Challenge::parse(value.to_str().ok()?))
    }
}

fn silent(limit: Duration) -> Error {
    let seconds = limit.as_secs_f32();
    Error::new(
        Kind::Network,
        format!("the registry said nothing for {seconds} s"),
    )
}

pub(super) fn too_long(what: &str, limit: u64) -> Error {
    Error::new(Kind::Limit, format!("the {what} is longer than {limit} bytes"))
}

/// A request to a token server by name and password, or as nobody.
fn ask(
    mut url: Url,
    service: Option<&str>,
    scopes: &[String],
    login: Option<(&str, &str)>,
    for_login: bool,
) -> Result<Outgoing> {
    {
        let mut query = url.query_pairs_mut();
        for scope in scopes {
            query.append_pair("scope", scope);
        }
        query.extend_pairs(service.map(|service| ("service", service)));
        if for_login {
            query
                .append_pair("offline_token", "true")
                .append_pair("client_id", CLIENT);
        }
        query.extend_pairs(login.map(|(name, _)| ("account", name)));
    }
    let mut request = Outgoing::get(url);
    if let Some((name, password)) = login {
        let value = secret(&basic_header(name, password))?;
        request.private.insert(AUTHORIZATION, value);
    }
    Ok(request)
}

/// A request by what the token server gave for a password once (OAuth2).
fn refresh(url: Url, service: Option<&str>, scopes: &[String], token: &str) -> Outgoing {
    let mut form = url.clone();
    form.set_query(None);
    form.query_pairs_mut()
        .append_pair("grant_type", "refresh_token")
        .append_pair("client_id", CLIENT)
        .append_pair("refresh_token", token)
        .append_pair("service", service.unwrap_or_default())
        .append_pair("scope", &scopes.join(" "));
    let form = form.query().unwrap_or_default().to_owned();
    Outgoing::get(url).with_secret_form(form)
}

/// A header's value that no log shows.
fn secret(value: &str) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| Error::new(Kind::Invalid, "the credentials cannot be sent in a header"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn basic_header(name: &str, password: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{name}:{password}")))
}
