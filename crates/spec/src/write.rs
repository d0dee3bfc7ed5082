//! A run file as text.

use crate::RunSpec;
use serde_json::Value;

impl RunSpec {
    /// As a person would write it; the order of keys is kept.
    pub fn to_toml(&self) -> String {
        let value = serde_json::to_value(self).expect("a run file has string keys only");
        let Value::Object(table) = value else { unreachable!("a struct is a table") };
        let mut out = String::new();
        for (key, value) in &table {
            match (key.as_str(), value) {
                ("stage", Value::Array(stages)) => {
                    out.push_str("stage = [\n");
                    for stage in stages {
                        out.push_str(&format!("    {},\n", inline(stage)));
                    }
                    out.push_str("]\n");
                }
                ("tasks" | "models" | "grid", Value::Object(entries)) => {
                    for (name, entry) in entries {
                        out.push_str(&format!("{key}.{} = {}\n", toml_key(name), inline(entry)));
                    }
                }
                _ => out.push_str(&format!("{key} = {}\n", inline(value))),
            }
        }
        out
    }
}

fn inline(value: &Value) -> String {
    match value {
        Value::Object(table) if table.is_empty() => "{}".into(),
        Value::Object(table) => {
            let body = table.iter().filter(|(_, value)| !value.is_null());
            let body: Vec<String> = body.map(|(key, value)| format!("{} = {}", toml_key(key), inline(value))).collect();
            format!("{{ {} }}", body.join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::String(text) => quoted(text),
        other => other.to_string(),
    }
}

fn toml_key(key: &str) -> String {
    let bare = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    if bare { key.into() } else { quoted(key) }
}

/// JSON's escapes are TOML's, but for one character that TOML alone wants escaped.
fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007F")
}
