//! A simulator in this process, and a small client for it.

#![allow(
    dead_code,
    reason = "each test program uses its own part of these helpers"
)]

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use vendor_sim::{Running, Vendor};

pub struct Sim {
    pub running: Running,
    pub http: reqwest::Client,
}

pub struct Reply {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }
}

impl Sim {
    pub async fn start() -> Self {
        let running = vendor_sim::start(10).await.expect("the simulator starts");
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { running, http }
    }

    pub fn url(&self, vendor: Vendor, path: &str) -> String {
        format!("{}{path}", self.running.world.urls.of(vendor))
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Reply {
        let mut response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.expect("a whole body") {
            body.extend_from_slice(&chunk);
        }
        Reply {
            status,
            headers,
            body,
        }
    }

    pub async fn token(&self, client_id: &str) -> String {
        let request = self
            .http
            .post(self.url(Vendor::Identity, "/token"))
            .basic_auth(client_id, Some(format!("{client_id}-secret")))
            .header("content-type", "application/x-www-form-urlencoded")
            .body("grant_type=client_credentials");
        let reply = self.send(request).await;
        assert_eq!(reply.status, 200);
        reply.json()["access_token"].as_str().unwrap().to_owned()
    }

    pub async fn get(&self, vendor: Vendor, token: &str, path: &str) -> Reply {
        let request = self.http.get(self.url(vendor, path)).bearer_auth(token);
        self.send(request).await
    }

    pub async fn control(&self, path: &str, body: Value) -> Reply {
        let url = format!("{}{path}", self.running.world.urls.control);
        self.send(self.http.post(url).body(body.to_string())).await
    }

    pub async fn control_get(&self, path: &str) -> Value {
        let url = format!("{}{path}", self.running.world.urls.control);
        self.send(self.http.get(url)).await.json()
    }

    pub async fn fault(&self, fault: Value) {
        let reply = self.control("/fault", fault).await;
        assert_eq!(reply.status, 200, "{:?}", reply.json());
    }

    pub async fn heal(&self) {
        self.fault(json!({"vendor": "all", "kind": "none"})).await;
    }

    /// A connection that has sent a GET with a token.
    pub async fn raw_get(&self, vendor: Vendor, token: &str, path: &str) -> TcpStream {
        let mut stream = self.connect(vendor).await.expect("a connection");
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: vendor\r\nAuthorization: Bearer {token}\r\nX-Correlation-Id: raw-1\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream
    }

    pub async fn connect(&self, vendor: Vendor) -> std::io::Result<TcpStream> {
        let url = self.running.world.urls.of(vendor);
        TcpStream::connect(url.strip_prefix("http://").unwrap()).await
    }
}

/// Everything up to the end of the connection, and how it ended.
pub async fn read_all(stream: &mut TcpStream) -> (String, std::io::Result<()>) {
    let mut bytes = Vec::new();
    let ended = stream.read_to_end(&mut bytes).await.map(|_| ());
    (String::from_utf8(bytes).unwrap(), ended)
}
