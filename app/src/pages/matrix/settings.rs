//! The settings of an instance, as the service's own schema has them.

use leptos::prelude::*;
use skep_model::service::{ServiceView, Setting, SettingKind, SettingValue, Settings};

use crate::{components::Field, view::view};

/// The control for a setting. The service says what it does in English; it may be anybody's service.
pub fn control(
    name: String,
    setting: &Setting,
    value: Option<&SettingValue>,
    complaint: Signal<Option<String>>,
) -> AnyView {
    let label = setting.name.clone();
    let hint = setting.description.clone();
    let shown = value.map_or_else(|| default(&setting.kind), words);
    let hint = view! {
        <p class="hint" lang="en">
            {hint}
        </p>
    };
    match &setting.kind {
        SettingKind::Text { .. } => view! {
            <Field name label value=shown complaint />
            {hint}
        },
        SettingKind::Number { .. } => view! {
            <Field name label kind="number" value=shown complaint />
            {hint}
        },
        SettingKind::List { .. } => view! {
            <div class="field">
                <label for=name.clone()>{label}</label>
                <textarea class="input mono" id=name.clone() name=name rows="4" spellcheck="false">
                    {shown}
                </textarea>
            </div>
            {hint}
        },
        SettingKind::Choice { options, .. } => {
            let options = options
                .iter()
                .map(|option| {
                    let chosen = *option == shown;
                    view! {
                        <option value=option.clone() selected=chosen>
                            {option.clone()}
                        </option>
                    }
                })
                .collect_view();
            view! {
                <div class="field">
                    <label for=name.clone()>{label}</label>
                    <select class="select" id=name.clone() name=name>
                        {options}
                    </select>
                </div>
                {hint}
            }
        }
    }
}

fn default(kind: &SettingKind) -> String {
    match kind {
        SettingKind::Text { default, .. } | SettingKind::Choice { default, .. } => default.clone(),
        SettingKind::List { default, .. } => default.join("\n"),
        SettingKind::Number { default, .. } => default.to_string(),
    }
}

fn words(value: &SettingValue) -> String {
    match value {
        SettingValue::Text(text) => text.clone(),
        SettingValue::Number(number) => number.to_string(),
        SettingValue::List(lines) => lines.join("\n"),
    }
}

/// What was given, by the settings' names: what is the default is not set. Or the setting that cannot have its value.
pub fn read(service: &ServiceView, given: impl Fn(&str) -> String) -> Result<Settings, String> {
    let mut settings = Settings::new();
    for setting in &service.settings {
        let text = given(&setting.name).replace("\r\n", "\n");
        if text.trim() == default(&setting.kind) {
            continue;
        }
        let value = match &setting.kind {
            SettingKind::Text { .. } | SettingKind::Choice { .. } => SettingValue::Text(text),
            SettingKind::List { .. } => {
                let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
                SettingValue::List(lines.map(str::to_owned).collect())
            }
            SettingKind::Number { min, max, .. } => {
                let number = text.trim().parse().ok();
                let number = number.filter(|number| (min..=max).contains(&number));
                SettingValue::Number(number.ok_or_else(|| setting.name.clone())?)
            }
        };
        settings.insert(setting.name.clone(), value);
    }
    Ok(settings)
}
