//! The integration tests, an index.
