//! A server that answers each connection as told, over TLS if asked, and remembers what it was asked.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// How one connection goes.
pub(crate) enum Reply {
    /// This text, then an orderly end.
    Text(String),
    /// A moment of silence first.
    Slow(Duration, String),
    /// This much of an answer, then a reset.
    Reset(&'static str),
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Serves one connection for each reply, then listens no more.
    pub(crate) fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::serve(replies.into_iter().collect(), Ok)
    }

    /// The same over TLS, with a certificate for 127.0.0.1 by the authority of these tests.
    pub(crate) fn start_tls(replies: impl IntoIterator<Item = Reply>) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let chain = vec![CertificateDer::from(&include_bytes!("certificates/server.der")[..])];
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(&include_bytes!("certificates/server-key.der")[..]));
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).expect("the certificate fits the key");
        let config = Arc::new(config);
        Self::serve(replies.into_iter().collect(), move |stream| {
            let connection = ServerConnection::new(Arc::clone(&config)).map_err(io::Error::other)?;
            Ok(StreamOwned::new(connection, stream))
        })
    }

    fn serve<S, W>(mut replies: VecDeque<Reply>, wrap: W) -> Self
    where
        S: Read + Write,
        W: Fn(TcpStream) -> io::Result<S> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its address");
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&requests);
        thread::spawn(move || {
            while let Some(reply) = replies.pop_front() {
                let Ok((stream, _)) = listener.accept() else { return };
                let served = stream.set_read_timeout(Some(Duration::from_secs(5))).and_then(|()| talk(&mut wrap(stream)?, reply, &log));
                // The client may go away, or refuse our certificate: that is what some tests are about.
                drop(served);
            }
        });
        Self { address, requests }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn tls_url(&self, path: &str) -> String {
        format!("https://{}{path}", self.address)
    }

    /// The heads of all requests so far, in lower case.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no panic while it is held").clone()
    }
}

fn talk(stream: &mut (impl Read + Write), reply: Reply, log: &Mutex<Vec<String>>) -> io::Result<()> {
    if let Reply::Reset(part) = reply {
        // To close a socket with bytes that nobody read makes the system send a reset.
        stream.read_exact(&mut [0; 1])?;
        log.lock().expect("no panic while it is held").push(String::new());
        stream.write_all(part.as_bytes())?;
        if !part.is_empty() {
            thread::sleep(Duration::from_millis(50));
        }
        return Ok(());
    }
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && head.len() < 65_536 {
        stream.read_exact(&mut byte)?;
        head.extend_from_slice(&byte);
    }
    let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
    log.lock().expect("no panic while it is held").push(head);
    match reply {
        Reply::Text(text) => stream.write_all(text.as_bytes())?,
        Reply::Slow(wait, text) => {
            thread::sleep(wait);
            stream.write_all(text.as_bytes())?;
        }
        Reply::Reset(_) => {}
    }
    stream.flush()
}

/// A whole answer.
pub(crate) fn text(status: u16, headers: &str, body: &str) -> Reply {
    Reply::Text(whole(status, headers, body))
}

pub(crate) fn whole(status: u16, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status} Words\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n{body}", body.len())
}

/// An answer that points elsewhere.
pub(crate) fn redirect(status: u16, to: &str) -> Reply {
    text(status, &format!("location: {to}\r\n"), "")
}
