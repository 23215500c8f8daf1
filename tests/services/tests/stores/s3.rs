//! The lake in MinIO, and in front of real readers.

mod attacks;
mod protected;
mod readers;
mod world;
