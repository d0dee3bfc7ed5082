//! A setting's value as a person reads it, and as a person types it.

use serde_json::Value;
use spec::{Source, Widget};

/// A value as a person reads it.
pub fn plain(value: &Value) -> String {
    match value {
        Value::Null => "none".into(),
        Value::String(text) => text.clone(),
        Value::Bool(true) => "on".into(),
        Value::Bool(false) => "off".into(),
        Value::Array(items) if items.is_empty() => "all".into(),
        Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), |number| number.to_string()),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// What was typed for a widget: a number, a list with commas, else the text itself.
pub fn typed(text: &str, widget: &Widget) -> Value {
    let text = text.trim();
    match widget {
        Widget::Slider { .. } | Widget::Count { .. } => {
            let figures = text.replace(',', "").replace('−', "-");
            let whole = figures.parse::<u64>().ok().map(Value::from);
            whole.or_else(|| number(&figures).map(Value::from)).unwrap_or_else(|| text.into())
        }
        Widget::Maybe { .. } if text.is_empty() || text == "none" => Value::Null,
        Widget::Maybe { of } => typed(text, of),
        // A class goes by its number or by its name.
        Widget::From { source: Source::Class, many: false } => {
            text.parse::<u16>().map_or_else(|_| text.into(), Value::from)
        }
        Widget::List { of, .. } => {
            text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(|part| typed(part, of)).collect()
        }
        _ => text.into(),
    }
}

/// What a press on one of these names of classes writes: its number where the names are the numbers from 0 on, as in
/// most sets; else the name, because another class may have that number.
pub fn chosen_class(names: &[String], place: usize) -> Value {
    match names.iter().enumerate().all(|(at, name)| *name == at.to_string()) {
        true => place.into(),
        false => names[place].as_str().into(),
    }
}

/// The finite number that was typed.
pub fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_are_read_as_people_type_them() {
        let slider = Widget::Slider { min: -1.0, max: 1.0, log: false };
        for (text, value) in [
            ("0.5", json!(0.5)),
            (" 3 ", json!(3)),
            ("1,000", json!(1000)),
            ("−0.5", json!(-0.5)),
            ("1e-3", json!(0.001)),
        ] {
            assert_eq!(typed(text, &slider), value, "{text}");
        }
        for text in ["", "half", "inf", "NaN"] {
            assert_eq!(typed(text, &slider), json!(text), "{text}");
        }
    }

    #[test]
    fn classes_are_written_so_that_no_other_is_meant() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(chosen_class(&names(&["0", "1", "2"]), 2), json!(2));
        assert_eq!(chosen_class(&names(&["1", "2", "26"]), 2), json!("26"));
        assert_eq!(chosen_class(&names(&["3", "D", "A"]), 0), json!("3"));
    }

    #[test]
    fn lists_and_nothing_are_read() {
        let count = || Box::new(Widget::Count { min: 0, max: 9 });
        assert_eq!(typed("1, 2,, 3", &Widget::List { of: count(), max: 9 }), json!([1, 2, 3]));
        assert_eq!(typed(" ", &Widget::List { of: count(), max: 9 }), json!([]));
        assert_eq!(typed("none", &Widget::Maybe { of: count() }), Value::Null);
        assert_eq!(typed("4", &Widget::Maybe { of: count() }), json!(4));
    }

    #[test]
    fn values_are_said_as_people_read_them() {
        for (value, said) in [
            (json!(null), "none"),
            (json!(true), "on"),
            (json!(2.0), "2"),
            (json!([]), "all"),
            (json!([1, "a"]), "1, a"),
        ] {
            assert_eq!(plain(&value), said);
        }
    }
}
