//! A small CPU runtime of our own.
mod error;
mod operator;
mod tensor;
