"""The socket edge: bytes to commands on the way in, frames joined by turn on the way out."""
