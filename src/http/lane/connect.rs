//! How a connection comes about: name, guard, TCP, TLS, all within the connect timeout.
//!
//! Addresses are tried in the system's order, families in turn; the next one is begun when one
//! fails, or has been silent for [`NEXT_AFTER`], and the first that connects wins (RFC 8305,
//! without its asynchronous look-ups, which the system's resolver has no part in). Each address is
//! guarded right before it is connected to.

use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with, sockopt};
use rustls::ClientConnection;
use rustls_pki_types::ServerName;
use url::{Host, Url};

use super::LaneError;
use super::pool::Origin;
use super::socket::Socket;
use crate::http::run::reactor::{Interest, ready};
use crate::http::run::{sleep_running, within};
use crate::http::transport::Key;
use crate::http::{dns, engine, guard};

/// An address that is silent for so long gets company (RFC 8305, section 5).
const NEXT_AFTER: Duration = Duration::from_millis(250);

/// Connects.
///
/// # Errors
/// At which step it failed; nothing of a request was sent.
pub(super) async fn connect(
    key: &Key,
    origin: &Rc<Origin>,
    url: &Url,
) -> Result<Socket, LaneError> {
    let connecting = pin!(async {
        let tls = tls(key, url)?;
        let addresses = addresses(key, url).await?;
        let stream = match first(&addresses).await {
            Ok(stream) => stream,
            Err(error) => {
                dns::forget(url.host_str().unwrap_or_default());
                return Err(LaneError::Connect(error));
            }
        };
        let mut socket = Socket::new(stream, tls);
        socket.handshake().await.map_err(LaneError::Tls)?;
        Ok(socket)
    });
    let socket = within(key.connect_timeout, connecting)
        .await
        .unwrap_or(Err(LaneError::ConnectTimeout))?;
    if socket.speaks_http2() {
        origin.speaks_http2.set(true);
        return Err(LaneError::SpeaksHttp2);
    }
    Ok(socket)
}

async fn addresses(key: &Key, url: &Url) -> Result<Vec<SocketAddr>, LaneError> {
    let name = url.host_str().unwrap_or_default();
    let found = match url.host() {
        Some(Host::Ipv4(address)) => vec![IpAddr::V4(address)],
        Some(Host::Ipv6(address)) => vec![IpAddr::V6(address)],
        Some(Host::Domain(name)) => resolved(name).await?,
        None => Vec::new(),
    };
    let port = url.port_or_known_default().unwrap_or_default();
    let found = found.into_iter().map(|ip| SocketAddr::new(ip, port));
    Ok(in_turn(guard::filter(key.guard, name, found)?))
}

async fn resolved(name: &str) -> Result<Vec<IpAddr>, LaneError> {
    if let Some(kept) = dns::kept(name) {
        return Ok(kept);
    }
    engine::on_runtime(dns::resolve(name))
        .map_err(|failure| LaneError::Setup(failure.message))?
        .await
        .map_err(LaneError::Resolve)
}

/// The families in turn, beginning with the one that the system prefers.
fn in_turn(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let begins_with_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| address.is_ipv6() == begins_with_v6);
    let mut second = second.into_iter();
    let mut turns = Vec::new();
    for address in first {
        turns.push(address);
        turns.extend(second.next());
    }
    turns.extend(second);
    turns
}

type Try = Pin<Box<dyn Future<Output = io::Result<Rc<TcpStream>>>>>;

/// The first address that connects.
async fn first(addresses: &[SocketAddr]) -> io::Result<Rc<TcpStream>> {
    let mut waiting = addresses.iter().copied();
    let mut tries: Vec<Try> = Vec::new();
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    loop {
        if let Some(address) = waiting.next() {
            tries.push(Box::pin(one(address)));
        } else if tries.is_empty() {
            return Err(last);
        }
        let company = pin!(sleep_running(NEXT_AFTER));
        match race(&mut tries, company, waiting.len() > 0).await {
            Some(Ok(stream)) => return Ok(stream),
            Some(Err(error)) => last = error,
            None => {}
        }
    }
}

/// Waits for a try to end, or, where more addresses wait, for the time to give it company.
async fn race(
    tries: &mut Vec<Try>,
    mut company: Pin<&mut impl Future<Output = ()>>,
    has_more: bool,
) -> Option<io::Result<Rc<TcpStream>>> {
    poll_fn(|context| {
        let mut at = 0;
        while let Some(one) = tries.get_mut(at) {
            if let Poll::Ready(outcome) = one.as_mut().poll(context) {
                drop(tries.swap_remove(at));
                return Poll::Ready(Some(outcome));
            }
            at += 1;
        }
        if has_more && company.as_mut().poll(context).is_ready() {
            return Poll::Ready(None);
        }
        Poll::Pending
    })
    .await
}

async fn one(address: SocketAddr) -> io::Result<Rc<TcpStream>> {
    let family = if address.is_ipv4() {
        AddressFamily::INET
    } else {
        AddressFamily::INET6
    };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(family, SocketType::STREAM, flags, None)?;
    sockopt::set_tcp_nodelay(&socket, true)?;
    let begun = rustix::net::connect(&socket, &address);
    let stream = Rc::new(TcpStream::from(socket));
    match begun {
        Ok(()) => return Ok(stream),
        Err(Errno::INPROGRESS | Errno::INTR) => {}
        Err(errno) => return Err(errno.into()),
    }
    ready(&stream, Interest::Write).await;
    sockopt::socket_error(&*stream)??;
    Ok(stream)
}

fn tls(key: &Key, url: &Url) -> Result<Option<Box<ClientConnection>>, LaneError> {
    let Some(options) = &key.tls else {
        return Ok(None);
    };
    let config = engine::current()
        .tls(options, key.protocol)
        .map_err(|failure| LaneError::Setup(failure.message))?;
    let name = match url.host() {
        Some(Host::Ipv4(address)) => ServerName::from(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => ServerName::from(IpAddr::V6(address)),
        Some(Host::Domain(name)) => ServerName::try_from(name.to_owned())
            .map_err(|error| LaneError::Tls(io::Error::other(error)))?,
        None => return Err(LaneError::Setup("the target names no host".to_owned())),
    };
    ClientConnection::new(Arc::clone(&config), name)
        .map(|tls| Some(Box::new(tls)))
        .map_err(|error| LaneError::Tls(io::Error::other(error)))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::clock;
    use crate::http::NoHost;
    use crate::http::run::{Asks, run};

    #[test]
    fn families_take_turns() {
        let address = |text: &str| text.parse::<SocketAddr>().unwrap();
        let found = ["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1", "2.2.2.2:1"].map(address);
        let expected = ["[::1]:1", "1.1.1.1:1", "[::2]:1", "2.2.2.2:1", "[::3]:1"].map(address);
        assert_eq!(in_turn(found.to_vec()), expected);
        assert_eq!(in_turn(vec![]), []);
    }

    #[test]
    fn an_address_that_refuses_is_passed_over_at_once() {
        let gone = TcpListener::bind("127.0.0.1:0").unwrap();
        let refusing = gone.local_addr().unwrap();
        drop(gone);
        let listening = TcpListener::bind("127.0.0.1:0").unwrap();
        let good = listening.local_addr().unwrap();
        let asks = Asks::default();
        let started = clock::running();
        let stream = run(&asks, &NoHost, first(&[refusing, refusing, good]));
        assert_eq!(stream.unwrap().unwrap().peer_addr().unwrap(), good);
        assert!(clock::running().since(started) < NEXT_AFTER);
        let none = run(&asks, &NoHost, first(&[refusing, refusing])).unwrap();
        assert_eq!(none.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
    }

    #[test]
    fn a_silent_address_gets_company_after_a_while() {
        let silent: Try = Box::pin(std::future::pending());
        let asks = Asks::default();
        let mut tries = vec![silent];
        let raced = run(&asks, &NoHost, async {
            let company = pin!(sleep_running(Duration::from_millis(5)));
            race(&mut tries, company, true).await.is_none()
        });
        assert_eq!(raced, Ok(true));
        assert_eq!(tries.len(), 1);
    }
}
