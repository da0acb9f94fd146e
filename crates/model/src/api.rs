//! The description of the REST API, as the console shows it.

use serde::{Deserialize, Serialize};

/// Something that programs can ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiOperation {
    /// Its id.
    pub id: String,
    /// What it is about.
    pub tag: String,
    /// The method.
    pub method: String,
    /// The path, with `{id}` where an id belongs.
    pub path: String,
    /// What it does.
    pub summary: String,
    /// Which tokens may.
    pub needs: String,
    /// What stands in the path.
    pub path_fields: Vec<ApiField>,
    /// What may stand after the question mark.
    pub query: Vec<ApiField>,
    /// The fields of the body.
    pub body: Vec<ApiField>,
    /// A body to begin with, JSON; empty when there is none.
    pub example: String,
    /// The fields of the answer.
    pub answer: Vec<ApiField>,
}

/// A field of what is asked or answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiField {
    /// Its name, with those of the fields that it is in: `items[].source.address`.
    pub name: String,
    /// What it holds.
    pub kind: String,
    /// Whether it must be there.
    pub required: bool,
    /// What it means.
    pub about: String,
}
