//! What is said of a method's card, and of what a setting can be.

use spec::{Access, CardData, MethodInfo, Shape, Source, Widget};

/// What a method must be given beside its data: `gradients`, `the weights, what to forget, and what is kept`.
pub fn needs(method: &MethodInfo) -> String {
    let access = match method.card.needs.access {
        Access::Labels => "only the answers",
        Access::Scores => "the network's confidences",
        Access::Gradients => "gradients",
        Access::Weights => "the weights",
    };
    let more = if method.shape == Shape::Unlearn { ", what to forget, and what is kept" } else { "" };
    format!("{access}{more}")
}

/// Who published it, as far as it is known, and when: `Madry et al., 2018`.
pub fn by(card: &CardData) -> String {
    match card.authors.as_str() {
        "" => card.year.to_string(),
        authors => format!("{authors}, {}", card.year),
    }
}

/// By whom, and where; empty of a card whose texts are not here.
pub fn paper(card: &CardData) -> String {
    match card.paper.as_str() {
        "" => String::new(),
        paper => format!("{}. {paper}", by(card)),
    }
}

/// What a setting can be, in the words of a run file.
pub fn range(widget: &Widget) -> String {
    match widget {
        Widget::Slider { min, max, log: false } => format!("{min} to {max}"),
        Widget::Slider { min, max, log: true } => format!("{min} to {max} on a log scale"),
        Widget::Count { min, max } => format!("whole number, {min} to {max}"),
        Widget::Toggle => "true or false".into(),
        Widget::Choice { options } => options.join(" | "),
        Widget::Text => "text".into(),
        Widget::Group { .. } => "table".into(),
        Widget::List { of, max } => format!("list of at most {max}, each {}", range(of)),
        Widget::Maybe { of } => format!("{}, or none", range(of)),
        Widget::From { source, many } => match (source, many) {
            (Source::Class, false) => "a class by number or name",
            (Source::Class, true) => "list of classes",
            (Source::Layer, false) => "a layer",
            (Source::Layer, true) => "list of layers",
            (Source::Stage, false) => "an earlier stage",
            (Source::Stage, true) => "list of earlier stages",
        }
        .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_nest() {
        let count = || Box::new(Widget::Count { min: 0, max: 9 });
        assert_eq!(range(&Widget::List { of: count(), max: 3 }), "list of at most 3, each whole number, 0 to 9");
        assert_eq!(range(&Widget::Maybe { of: count() }), "whole number, 0 to 9, or none");
        assert_eq!(range(&Widget::Slider { min: 0.001, max: 1.0, log: true }), "0.001 to 1 on a log scale");
        assert_eq!(range(&Widget::From { source: Source::Stage, many: true }), "list of earlier stages");
    }
}
