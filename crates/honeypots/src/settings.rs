//! Reads settings against the schema in a [`Description`].

use serde_json::{Map, Value};

use crate::contract::{Description, SettingKind, SettingsError};

/// Settings that fit their schema. What was not given has its default.
#[derive(Clone, Debug)]
pub struct Settings {
    values: Vec<(&'static str, Setting)>,
}

#[derive(Clone, Debug)]
enum Setting {
    Text(String),
    Choice(&'static str),
    List(Vec<String>),
    Number(u64),
}

/// The longest line of a list, in characters.
const LINE: usize = 256;

impl Settings {
    /// Checks every given setting, and that there is no other.
    pub fn read(
        description: &Description,
        given: &Map<String, Value>,
    ) -> Result<Self, SettingsError> {
        if let Some(unknown) = given
            .keys()
            .find(|key| description.settings.iter().all(|s| s.name != key.as_str()))
        {
            let known: Vec<_> = description
                .settings
                .iter()
                .map(|setting| setting.name)
                .collect();
            return Err(error(
                unknown,
                format!("is unknown; known are: {}", known.join(", ")),
            ));
        }
        let read = |setting: &crate::contract::Setting| {
            let value = match given.get(setting.name) {
                None | Some(Value::Null) => default(&setting.kind),
                Some(value) => {
                    check(&setting.kind, value).map_err(|problem| error(setting.name, problem))?
                }
            };
            Ok((setting.name, value))
        };
        Ok(Self {
            values: description
                .settings
                .iter()
                .map(read)
                .collect::<Result<_, _>>()?,
        })
    }

    /// A text, empty if the schema has none of that name.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        match self.get(name) {
            Some(Setting::Text(text)) => text,
            _ => "",
        }
    }

    /// A choice, empty if the schema has no choice of that name.
    #[must_use]
    pub fn choice(&self, name: &str) -> &str {
        match self.get(name) {
            Some(Setting::Choice(choice)) => choice,
            _ => "",
        }
    }

    /// A list, empty if the schema has no list of that name.
    #[must_use]
    pub fn list(&self, name: &str) -> &[String] {
        match self.get(name) {
            Some(Setting::List(lines)) => lines,
            _ => &[],
        }
    }

    /// A number, 0 if the schema has no number of that name.
    #[must_use]
    pub fn number(&self, name: &str) -> u64 {
        match self.get(name) {
            Some(Setting::Number(number)) => *number,
            _ => 0,
        }
    }

    fn get(&self, name: &str) -> Option<&Setting> {
        self.values
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }
}

fn error(name: &str, problem: String) -> SettingsError {
    SettingsError {
        name: name.to_owned(),
        problem,
    }
}

fn default(kind: &SettingKind) -> Setting {
    match kind {
        SettingKind::Text { default, .. } => Setting::Text((*default).to_owned()),
        SettingKind::Choice { default, .. } => Setting::Choice(default),
        SettingKind::List { default, .. } => {
            Setting::List(default.iter().map(|line| (*line).to_owned()).collect())
        }
        SettingKind::Number { default, .. } => Setting::Number(*default),
    }
}

fn check(kind: &SettingKind, value: &Value) -> Result<Setting, String> {
    match (kind, value) {
        (SettingKind::Text { max, .. }, Value::String(text)) => {
            Ok(Setting::Text(line(text, *max)?))
        }
        (SettingKind::Text { .. }, _) => Err("must be a text".to_owned()),
        (SettingKind::Choice { options, .. }, value) => options
            .iter()
            .find(|option| value.as_str() == Some(option))
            .map(|option| Setting::Choice(option))
            .ok_or_else(|| format!("must be one of: {}", options.join(", "))),
        (SettingKind::List { max, .. }, Value::Array(lines)) => {
            if lines.len() > *max {
                return Err(format!("must have at most {max} lines"));
            }
            let lines = lines
                .iter()
                .map(|value| line(value.as_str().ok_or("must be a list of texts")?, LINE));
            Ok(Setting::List(lines.collect::<Result<_, _>>()?))
        }
        (SettingKind::List { .. }, _) => Err("must be a list of texts".to_owned()),
        (SettingKind::Number { min, max, .. }, value) => match value.as_u64() {
            Some(number) if (*min..=*max).contains(&number) => Ok(Setting::Number(number)),
            _ => Err(format!("must be a whole number from {min} to {max}")),
        },
    }
}

fn line(text: &str, max: usize) -> Result<String, String> {
    if text.chars().count() > max {
        Err(format!("must have at most {max} characters"))
    } else if text.chars().any(char::is_control) {
        Err("must be one line without control characters".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;
    use crate::contract::{Level, Setting};

    fn description() -> Description {
        Description {
            name: "test",
            description: "",
            revision: 1,
            level: Level::Low,
            ports: vec![],
            settings: vec![
                Setting {
                    name: "banner",
                    description: "",
                    kind: SettingKind::Text {
                        default: "hello",
                        max: 8,
                    },
                },
                Setting {
                    name: "accept",
                    description: "",
                    kind: SettingKind::List {
                        default: &["a/b"],
                        max: 2,
                    },
                },
                Setting {
                    name: "colour",
                    description: "",
                    kind: SettingKind::Choice {
                        default: "red",
                        options: &["red", "blue"],
                    },
                },
                Setting {
                    name: "delay",
                    description: "",
                    kind: SettingKind::Number {
                        default: 3,
                        min: 0,
                        max: 9,
                    },
                },
                Setting {
                    name: "face",
                    description: "",
                    kind: SettingKind::Choice {
                        default: "nginx",
                        options: &["nginx", "apache"],
                    },
                },
            ],
        }
    }

    fn read(given: Value) -> Result<Settings, SettingsError> {
        let Value::Object(given) = given else {
            panic!("not an object")
        };
        Settings::read(&description(), &given)
    }

    #[test]
    fn what_is_not_given_has_its_default() {
        let settings = read(json!({"delay": 5, "banner": null})).unwrap();
        assert_eq!(settings.text("banner"), "hello");
        assert_eq!(settings.list("accept"), ["a/b"]);
        assert_eq!(settings.number("delay"), 5);
        assert_eq!(settings.choice("face"), "nginx");
        assert_eq!(settings.choice("colour"), "red");
        assert_eq!(
            read(json!({"colour": "blue"})).unwrap().choice("colour"),
            "blue"
        );
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (given, name) in [
            (json!({"baner": "x"}), "baner"),
            (json!({"banner": 1}), "banner"),
            (json!({"banner": "123456789"}), "banner"),
            (json!({"banner": "a\nb"}), "banner"),
            (json!({"accept": "a/b"}), "accept"),
            (json!({"accept": ["a", "b", "c"]}), "accept"),
            (json!({"accept": [1]}), "accept"),
            (json!({"colour": "green"}), "colour"),
            (json!({"colour": ["red"]}), "colour"),
            (json!({"delay": 10}), "delay"),
            (json!({"delay": -1}), "delay"),
            (json!({"delay": "3"}), "delay"),
            (json!({"face": "iis"}), "face"),
            (json!({"face": 1}), "face"),
        ] {
            assert_eq!(read(given.clone()).unwrap_err().name, name, "{given}");
        }
        let error = read(json!({"face": "iis"})).unwrap_err().to_string();
        assert_eq!(error, "setting face: must be one of: nginx, apache");
    }
}
