//! What the network says, as three bars.

use crate::dom::*;
use report::order;

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
    let wrong = memo(wrong);
    let rows = move || {
        let shares = shares();
        let best = order(shares.len(), &|a, b| shares[b].share.total_cmp(&shares[a].share));
        let mut shares: Vec<Chip> = best.into_iter().map(|at| shares[at].clone()).collect();
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
                el("div")
                    .attr("class", class)
                    .child(el("b").child(chip.name))
                    .child(el("span").attr("class", "track").child(el("i").style("width", width)))
                    .child(el("span").child(percent))
            })
            .collect_view()
            .into_any()
    };
    el("div").attr("class", "chips").child(rows).into_any()
}
