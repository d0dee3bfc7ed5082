//! What a network answers, as three bars.

use leptos::prelude::*;

/// An answer and how sure the network is of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Chip {
    /// The class by name.
    pub name: String,
    /// Its share of 1.
    pub share: f64,
}

/// The three likeliest classes, the likeliest first; dots stand where there are fewer.
#[component]
pub fn Chips(
    /// All classes, in any order; empty while nothing was asked.
    #[prop(into)]
    shares: Signal<Vec<Chip>>,
    /// Whether the likeliest class is not the right one.
    #[prop(into)]
    wrong: Signal<bool>,
) -> impl IntoView {
    let best = move || {
        let mut shares = shares.get();
        shares.sort_by(|a, b| b.share.total_cmp(&a.share));
        shares.resize(3, Chip { name: "·".into(), share: -1.0 });
        shares.into_iter().enumerate()
    };
    let row = move |(place, chip): (usize, Chip)| {
        let class = match (place, chip.share < 0.0) {
            (_, true) => "chip none",
            (0, _) if wrong.get() => "chip wrong",
            (0, _) => "chip top",
            _ => "chip",
        };
        let percent = match 100.0 * chip.share {
            p if p < 0.0 => String::new(),
            p if p < 1.0 => "< 1\u{202f}%".into(),
            p => report::figure::percent(p, 0),
        };
        view! {
            <div class=class>
                <b>{chip.name}</b>
                <span class="track">
                    <i style:width=format!("{}%", 100.0 * chip.share.max(0.0))></i>
                </span>
                <span>{percent}</span>
            </div>
        }
    };
    view! { <div class="chips">{move || best().map(row).collect_view()}</div> }
}
