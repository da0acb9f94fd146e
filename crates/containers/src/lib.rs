//! Honeypots in containers.
