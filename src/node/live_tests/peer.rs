//! Peers that are no nodes: listeners that say what a test gives them.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

/// A listener that takes one connection and lets `talk` have it.
pub(in crate::node) fn talking<T: Send + 'static>(
    talk: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (SocketAddr, JoinHandle<T>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let at = listener.local_addr().unwrap();
    let thread = spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        talk(stream)
    });
    (at, thread)
}

/// Reads one request, answers it, closes; the thread gives the request.
pub(in crate::node) fn answering(answer: &'static [u8]) -> (SocketAddr, JoinHandle<Vec<u8>>) {
    talking(move |mut stream| {
        let request = request(&mut stream);
        stream.write_all(answer).unwrap();
        request
    })
}

/// What a client sends in one write.
pub(in crate::node) fn request(stream: &mut TcpStream) -> Vec<u8> {
    let mut buffer = vec![0; 4096];
    let count = stream.read(&mut buffer).unwrap_or(0);
    buffer.truncate(count);
    buffer
}
