//! What the network says, as three bars.

use leptos::prelude::*;

/// Class name, share of 1, and whether it is the right answer (`None`: there is none).
#[derive(Clone, Debug, PartialEq)]
pub struct Chip {
    pub name: String,
    pub share: f64,
}

pub fn chips(
    shares: impl Fn() -> Vec<Chip> + Send + 'static,
    wrong: impl Fn() -> bool + Send + Sync + 'static,
) -> AnyView {
    let wrong = Memo::new(move |_| wrong());
    let rows = move || {
        let mut shares = shares();
        shares.sort_by(|a, b| b.share.total_cmp(&a.share));
        shares.resize(shares.len().max(3), Chip { name: "·".into(), share: -1.0 });
        shares
            .into_iter()
            .take(3)
            .enumerate()
            .map(|(place, chip)| {
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
                let width = format!("{}%", 100.0 * chip.share.max(0.0));
                view! {
                    <div class=class>
                        <b>{chip.name}</b>
                        <span class="track">
                            <i style:width=width></i>
                        </span>
                        <span>{percent}</span>
                    </div>
                }
            })
            .collect_view()
            .into_any()
    };
    view! { <div class="chips">{rows}</div> }.into_any()
}
