//! Routes that describe themselves: what a handler takes and gives is read off its signature, and becomes an
//! OpenAPI 3.1 document.

use std::any::type_name;

use axum::{
    Router,
    extract::State as Shared,
    handler::Handler,
    http::Method,
    routing::{MethodFilter, on},
};
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};
use skep_app::access::{Who, who};

use crate::router::State;

/// Routes of the API, and their description.
pub(crate) struct Described {
    router: Router<State>,
    paths: Map<String, Value>,
    schemas: SchemaGenerator,
}

/// What is known of one operation so far.
pub(crate) struct Operation<'a> {
    path: &'a str,
    schemas: &'a mut SchemaGenerator,
    parameters: Vec<Value>,
    body: Option<Value>,
    responses: Map<String, Value>,
}

/// What a handler takes.
pub(crate) trait Input {
    /// Says so.
    fn describe(_: &mut Operation<'_>) {}
}

/// What a handler gives.
pub(crate) trait Output {
    /// Says so.
    fn describe(operation: &mut Operation<'_>);
}

/// A handler, by what it takes.
pub(crate) trait Signature<Inputs> {
    /// Says what it takes and gives.
    fn describe(operation: &mut Operation<'_>);
}

macro_rules! signatures {
    ($(($($input:ident),*))+) => {$(
        impl<F, Fut, $($input,)*> Signature<($($input,)*)> for F
        where
            F: Fn($($input),*) -> Fut,
            Fut: Future<Output: Output>,
            $($input: Input,)*
        {
            fn describe(operation: &mut Operation<'_>) {
                $($input::describe(operation);)*
                Fut::Output::describe(operation);
            }
        }
    )+};
}
signatures!((A)(A, B)(A, B, C)(A, B, C, D)(A, B, C, D, E));

impl<T> Input for Shared<T> {}

impl Operation<'_> {
    /// The JSON Schema of a type, by reference where it has a name.
    pub(crate) fn schema<T: JsonSchema>(&mut self) -> Value {
        self.schemas.subschema_for::<T>().into()
    }

    /// The next parameter in the path.
    pub(crate) fn path_parameter<T: JsonSchema>(&mut self) {
        let schema = self.schema::<T>();
        let before = self.parameters.iter().filter(|it| it["in"] == "path");
        let mut names = self.path.split('/').filter_map(|part| {
            let name = part.strip_prefix('{')?;
            name.strip_suffix('}')
        });
        let name = names.nth(before.count());
        self.parameters
            .push(json!({ "name": name, "in": "path", "required": true, "schema": schema }));
    }

    /// Parameters after the question mark: the fields of a type.
    pub(crate) fn query_parameters<T: JsonSchema>(&mut self) {
        let whole = Value::from(T::json_schema(self.schemas));
        let required = whole["required"].as_array().cloned().unwrap_or_default();
        for (name, field) in whole["properties"].as_object().into_iter().flatten() {
            let mut schema = field.clone();
            let description = schema
                .as_object_mut()
                .and_then(|schema| schema.remove("description"));
            self.parameters.push(json!({
                "name": name,
                "in": "query",
                "description": description,
                "required": required.contains(&json!(name)),
                "schema": schema,
            }));
        }
    }

    /// A JSON body.
    pub(crate) fn json_body<T: JsonSchema>(&mut self) {
        let schema = self.schema::<T>();
        self.body = Some(
            json!({ "required": true, "content": { "application/json": { "schema": schema } } }),
        );
    }

    /// A file as the body.
    pub(crate) fn file(&mut self) {
        let any =
            json!({ "schema": { "type": "string", "contentMediaType": "application/x-tar" } });
        self.body =
            Some(json!({ "required": true, "content": { "application/octet-stream": any } }));
    }

    /// An answer of some type of content, or of none.
    pub(crate) fn response(&mut self, status: &str, about: &str, content: Option<(&str, Value)>) {
        let mut response = json!({ "description": about });
        if let Some((kind, schema)) = content {
            response["content"] = json!({ kind: { "schema": schema } });
        }
        self.responses.insert(status.to_owned(), response);
    }
}

impl Described {
    /// No routes.
    pub(crate) fn new() -> Self {
        let mut settings = SchemaSettings::draft2020_12();
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
        Self {
            router: Router::new(),
            paths: Map::new(),
            schemas: settings.into_generator(),
        }
    }

    /// One more route. The handler's name becomes the operation's id, its module the tag.
    pub(crate) fn at<H, T, I>(
        mut self,
        method: Method,
        path: &str,
        summary: &str,
        handler: H,
    ) -> Self
    where
        H: Handler<T, State> + Signature<I>,
        T: 'static,
    {
        let mut operation = Operation {
            path,
            schemas: &mut self.schemas,
            parameters: vec![],
            body: None,
            responses: Map::new(),
        };
        H::describe(&mut operation);
        if method == Method::GET {
            operation.response(
                "304",
                "Not changed since the `ETag` in `If-None-Match`.",
                None,
            );
        }
        let (tag, id) = name::<H>();
        let mut described = json!({
            "operationId": id,
            "tags": [tag],
            "summary": summary,
            "description": needs(&method, path),
            "parameters": operation.parameters,
            "responses": operation.responses,
        });
        if let Some(body) = operation.body {
            described["requestBody"] = body;
        }
        let item = self.paths.entry(path).or_insert_with(|| json!({}));
        item[method.as_str().to_lowercase()] = described;
        if let Ok(filter) = MethodFilter::try_from(method) {
            self.router = self.router.route(path, on(filter, handler));
        }
        self
    }

    /// The routes, and the whole document.
    pub(crate) fn finish(mut self, about: &str) -> (Router<State>, Value) {
        let schemas = self.schemas.take_definitions(true);
        let document = json!({
            "openapi": "3.1.0",
            "info": {
                "title": "Skep",
                "version": env!("CARGO_PKG_VERSION"),
                "description": about,
                "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
            },
            "servers": [{ "url": "/" }],
            "security": [{ "token": [] }],
            "paths": self.paths,
            "components": {
                "schemas": schemas,
                "securitySchemes": {
                    "token": {
                        "type": "http",
                        "scheme": "bearer",
                        "description": "A token from the page API tokens, or from `skep-server token create`.",
                    },
                },
            },
        });
        (self.router, document)
    }
}

/// A handler's module, which is the operation's tag, and both names together, which are its id.
fn name<H>() -> (&'static str, String) {
    let mut names = type_name::<H>().rsplit("::");
    let function = names.next().unwrap_or_default();
    let module = names.next().unwrap_or_default();
    (module, format!("{module}_{function}"))
}

/// Who may, from the table that the guard asks.
fn needs(method: &Method, path: &str) -> String {
    match who(method.as_str(), path) {
        Some(Who::Token(role, area)) => {
            format!(
                "Needs a token of the role {role} or a higher one that reaches the area {area}."
            )
        }
        _ => String::new(),
    }
}
