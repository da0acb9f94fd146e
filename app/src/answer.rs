//! What pages ask the server for.

use std::pin::Pin;

use leptos::{
    prelude::*,
    server::codee::{Decoder, Encoder},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::failure::Failure;

/// An answer of the server that a page waits for.
pub type Answer<T> = Resource<Result<T, Failure>, Json>;

/// Asks the server for something, and again whenever the question changes. Whatever the question's and the
/// function's own types are, the machinery behind them is compiled once for each type of answer.
pub fn ask<Q, T, F>(
    question: impl Fn() -> Q + Send + Sync + 'static,
    answer: impl Fn(Q) -> F + Send + Sync + 'static,
) -> Answer<T>
where
    Q: Clone + PartialEq + Send + Sync + 'static,
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
    F: Future<Output = Result<T, Failure>> + Send + 'static,
{
    type Pending<T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send>>;
    type Asker<Q, T> = Box<dyn Fn(Q) -> Pending<T> + Send + Sync>;

    let question: Box<dyn Fn() -> Q + Send + Sync> = Box::new(question);
    let answer: Asker<Q, T> = Box::new(move |question| Box::pin(answer(question)));
    Resource::new_with_options(question, answer, false)
}

/// How an answer travels within the page. It is read from bytes like the answers of server functions, so that the
/// browser's half has one JSON reader and not two.
pub struct Json;

impl<T: Serialize> Encoder<T> for Json {
    type Error = serde_json::Error;
    type Encoded = String;

    fn encode(value: &T) -> Result<String, Self::Error> {
        serde_json::to_string(value)
    }
}

impl<T: DeserializeOwned> Decoder<T> for Json {
    type Error = serde_json::Error;
    type Encoded = str;

    fn decode(text: &str) -> Result<T, Self::Error> {
        serde_json::from_slice(text.as_bytes())
    }
}
