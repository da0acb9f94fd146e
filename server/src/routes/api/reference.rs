//! The OpenAPI document as the console's page shows it.

use serde_json::{Map, Value, json};
use skep_model::api::{ApiField, ApiOperation};

/// How deep fields are shown within fields.
const DEEPEST: usize = 5;

/// All operations by what they are about, events before all others.
pub(super) fn operations(document: &Value) -> Vec<ApiOperation> {
    let reader = Reader { document };
    let mut operations: Vec<ApiOperation> = entries(&document["paths"])
        .flat_map(|(path, item)| entries(item).map(move |(method, it)| (path, method, it)))
        .map(|(path, method, operation)| reader.operation(path, method, operation))
        .collect();
    operations.sort_by_key(|it| (it.tag != "events", it.tag.clone()));
    operations
}

struct Reader<'a> {
    document: &'a Value,
}

impl Reader<'_> {
    fn operation(&self, path: &str, method: &str, operation: &Value) -> ApiOperation {
        let body = &operation["requestBody"]["content"]["application/json"]["schema"];
        let answer = entries(&operation["responses"])
            .find(|(status, _)| status.starts_with('2'))
            .map(|(_, answer)| &answer["content"]["application/json"]["schema"]);
        ApiOperation {
            id: text(&operation["operationId"]),
            tag: text(&operation["tags"][0]),
            method: method.to_uppercase(),
            path: path.to_owned(),
            summary: text(&operation["summary"]),
            needs: text(&operation["description"]),
            path_fields: self.parameters(operation, "path"),
            query: self.parameters(operation, "query"),
            body: self.fields(body),
            example: if body.is_null() {
                String::new()
            } else {
                format!("{:#}", self.example(body))
            },
            answer: answer.map(|schema| self.fields(schema)).unwrap_or_default(),
        }
    }

    fn parameters(&self, operation: &Value, place: &str) -> Vec<ApiField> {
        list(&operation["parameters"])
            .filter(|parameter| parameter["in"] == place)
            .map(|parameter| ApiField {
                name: text(&parameter["name"]),
                kind: self.kind(&parameter["schema"]),
                required: parameter["required"] == true,
                about: text(&parameter["description"]),
            })
            .collect()
    }

    /// What a reference refers to; any other schema is itself.
    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        schema["$ref"]
            .as_str()
            .and_then(|reference| self.document.pointer(reference.trim_start_matches('#')))
            .unwrap_or(schema)
    }

    /// A schema without the choice that nothing is there.
    fn present<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let something = list(&schema["anyOf"]).find(|choice| choice["type"] != "null");
        self.resolve(something.filter(|_| optional(schema)).unwrap_or(schema))
    }

    fn fields(&self, schema: &Value) -> Vec<ApiField> {
        let mut fields = vec![];
        self.collect(schema, "", 0, &mut fields);
        fields
    }

    fn collect(&self, schema: &Value, within: &str, depth: usize, fields: &mut Vec<ApiField>) {
        if depth > DEEPEST {
            return;
        }
        let schema = self.present(schema);
        if !schema["items"].is_null() {
            let within = format!("{within}[].").replace(".[]", "[]");
            self.collect(&schema["items"], &within, depth + 1, fields);
        }
        let required: Vec<&str> = list(&schema["required"])
            .filter_map(Value::as_str)
            .collect();
        for (name, field) in entries(&schema["properties"]) {
            let name = format!("{within}{name}");
            if fields.iter().any(|known| known.name == name) {
                continue;
            }
            let short = name.rsplit('.').next().unwrap_or_default();
            let about = &field["description"];
            let about = if about.is_null() {
                &self.present(field)["description"]
            } else {
                about
            };
            fields.push(ApiField {
                kind: self.kind(field),
                required: required.contains(&short),
                about: text(about),
                name: name.clone(),
            });
            let inner = if self.present(field)["items"].is_null() {
                format!("{name}.")
            } else {
                name
            };
            self.collect(field, &inner, depth + 1, fields);
        }
        for choice in list(&schema["oneOf"]) {
            self.collect(choice, within, depth, fields);
        }
    }

    /// What a field holds, in a few words.
    fn kind(&self, schema: &Value) -> String {
        let resolved = self.present(schema);
        let words: Vec<&str> = list(&resolved["oneOf"])
            .filter_map(|choice| choice["const"].as_str())
            .collect();
        let kind = if !words.is_empty() {
            words.join(" | ")
        } else if !resolved["items"].is_null() {
            format!("list of {}", self.kind(&resolved["items"]))
        } else if let Some(format) = resolved["format"]
            .as_str()
            .filter(|f| !f.starts_with(['i', 'u']) || *f == "uuid")
        {
            format.to_owned()
        } else {
            list_or_one(&resolved["type"])
                .find(|kind| *kind != "null")
                .unwrap_or(if resolved["anyOf"].is_null() {
                    "any"
                } else {
                    "address"
                })
                .to_owned()
        };
        if optional(schema) {
            format!("{kind}, or null")
        } else {
            kind
        }
    }

    /// A value that fits a schema: defaults where there are some.
    fn example(&self, schema: &Value) -> Value {
        let given = &schema["default"];
        if !given.is_null() {
            return given.clone();
        }
        if optional(schema) {
            return Value::Null;
        }
        let schema = self.resolve(schema);
        let word = list(&schema["oneOf"]).find_map(|choice| choice.get("const"));
        if let Some(word) = word {
            return word.clone();
        }
        match schema["type"].as_str() {
            Some("object") => entries(&schema["properties"])
                .map(|(name, field)| (name.to_owned(), self.example(field)))
                .collect::<Map<_, _>>()
                .into(),
            Some("array") => json!([]),
            Some("boolean") => json!(false),
            Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(json!(0)),
            _ => json!(""),
        }
    }
}

fn optional(schema: &Value) -> bool {
    list(&schema["anyOf"]).any(|choice| choice["type"] == "null")
        || list(&schema["type"]).any(|kind| kind == "null")
}

fn entries(object: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let entries = object.as_object().into_iter().flatten();
    entries.map(|(name, value)| (name.as_str(), value))
}

fn list(array: &Value) -> impl Iterator<Item = &Value> {
    array.as_array().into_iter().flatten()
}

fn list_or_one(value: &Value) -> impl Iterator<Item = &str> {
    value
        .as_str()
        .into_iter()
        .chain(list(value).filter_map(Value::as_str))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
