//! The token endpoint and the key set: OAuth 2.0 client credentials (RFC 6749, 4.4 and 5).
//!
//! Each vendor but identity is also a client, with its name for id and `NAME-secret` for secret, by
//! Basic or by form. Every request is noted, also the refused ones: the drill counts them.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Form, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;

use crate::answer::{json_ok, problem};
use crate::identity::{TokenRequest, challenge_with, credentials_of};
use crate::time::now_ms;
use crate::{Vendor, World};

/// The identity provider's routes.
pub fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/token", post(token))
        .route("/.well-known/jwks.json", get(jwks))
}

async fn jwks(State(world): State<Arc<World>>) -> Response {
    json_ok(&world.identity.jwks)
}

/// The form of a token request.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Grant {
    grant_type: Option<String>,
    scope: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
}

async fn token(
    State(world): State<Arc<World>>,
    headers: HeaderMap,
    form: Result<Form<Grant>, axum::extract::rejection::FormRejection>,
) -> Response {
    let grant = form.map(|Form(grant)| grant).unwrap_or_default();
    let credentials =
        basic(&headers).or_else(|| Some((grant.client_id.clone()?, grant.client_secret.clone()?)));
    let mut request = TokenRequest {
        t_ms: now_ms(),
        client_id: credentials.as_ref().map(|(id, _)| id.clone()),
        scope: grant.scope.clone(),
        status: 0,
        token_id: None,
        expires_at_ms: None,
    };
    let answer = answer_grant(&world, &grant, credentials, &mut request);
    request.status = answer.status().as_u16();
    world.identity.note(request);
    answer
}

fn answer_grant(
    world: &World,
    grant: &Grant,
    credentials: Option<(String, String)>,
    request: &mut TokenRequest,
) -> Response {
    let refuse = |code| problem(StatusCode::BAD_REQUEST, code, "see RFC 6749, section 5.2");
    match grant.grant_type.as_deref() {
        Some("client_credentials") => {}
        Some(_) => return refuse("unsupported_grant_type"),
        None => return refuse("invalid_request"),
    }
    let client = credentials.and_then(|(id, secret)| client(&id, &secret));
    let Some(vendor) = client else {
        let mut answer = problem(
            StatusCode::UNAUTHORIZED,
            "invalid_client",
            "unknown client or wrong secret",
        );
        challenge_with(&mut answer, "Basic realm=\"identity\"");
        return answer;
    };
    let wanted = grant.scope.as_deref().unwrap_or_default();
    if !wanted.is_empty() && wanted != vendor.scope() {
        return refuse("invalid_scope");
    }
    match world.identity.make(&world.urls.identity, vendor) {
        Ok((token, known)) => {
            request.scope = Some(known.scope.to_owned());
            request.token_id = Some(known.token_id);
            request.expires_at_ms = Some(known.expires_at_ms);
            let mut answer = json_ok(&json!({
                "access_token": token,
                "token_type": "Bearer",
                "expires_in": world.identity.lifetime_s(),
                "scope": known.scope,
            }));
            let no_store = HeaderValue::from_static("no-store");
            answer.headers_mut().insert(header::CACHE_CONTROL, no_store);
            answer
        }
        Err(error) => problem(
            StatusCode::INTERNAL_SERVER_ERROR,
            "server_error",
            &error.to_string(),
        ),
    }
}

/// The vendor whose client this is, when the secret is right.
fn client(id: &str, secret: &str) -> Option<Vendor> {
    let vendor = Vendor::parse(id).filter(|vendor| *vendor != Vendor::Identity)?;
    (secret == format!("{id}-secret")).then_some(vendor)
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let decoded = STANDARD.decode(credentials_of(headers, "basic")?).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}
