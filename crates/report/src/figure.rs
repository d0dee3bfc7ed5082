//! How a number is printed: no more digits than its noise, a narrow space before %, thousands with a comma.

use crate::view::RunView;
use spec::{Row, metric};

/// Before a unit: narrow, and no line breaks there.
pub(crate) const NARROW: char = '\u{202f}';

/// With plain spaces in place of narrow and unbreakable ones, so that a search for `98.3 %` finds it.
pub fn plain_spaces(text: &str) -> String {
    text.replace(['\u{a0}', NARROW], " ")
}

/// `decimals` digits after the point, thousands with a comma, a true minus.
pub fn fixed(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return if value.is_nan() { "not a number".into() } else { sign(value < 0.0) + "∞" };
    }
    if value.abs() >= 1e15 {
        return format!("{value:e}");
    }
    let mut scale = 1u64;
    for _ in 0..decimals.min(9) {
        scale *= 10;
    }
    // Rounding the product keeps halves away from zero, as people round.
    let units = (value.abs() * scale as f64).round() as u128;
    let (whole, part) = (units / u128::from(scale), units % u128::from(scale));
    let mut out = sign(value < 0.0 && units > 0);
    let digits = whole.to_string();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if decimals > 0 {
        let part = part.to_string();
        out.push('.');
        for _ in part.len()..decimals.min(9) {
            out.push('0');
        }
        out.push_str(&part);
    }
    out
}

/// At most three digits that count, thousands as k, millions as M: for ticks and captions.
pub fn short(value: f64) -> String {
    let size = value.abs();
    let (scaled, unit) = match size {
        _ if size >= 1e9 => return format!("{value:e}"),
        _ if size >= 1e6 => (value / 1e6, "\u{202f}M"),
        _ if size >= 1e3 => (value / 1e3, "\u{202f}k"),
        _ => (value, ""),
    };
    let decimals = match scaled.abs() {
        0.0 => 0,
        size => (2.0 - size.log10().floor()).clamp(0.0, 9.0) as usize,
    };
    let text = fixed(scaled, decimals);
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text}{unit}")
}

/// `96.1 %`, with the narrow space.
pub fn percent(value: f64, decimals: usize) -> String {
    with_unit(fixed(value, decimals), "%")
}

/// A share of fewer than fifty samples as the count that it is: `1 of 36`. A mean of shares is none.
pub(crate) fn count(share: f64, n: usize) -> Option<String> {
    let count = share / 100.0 * n as f64;
    // Shares may have been rounded to a digit after the point.
    (n > 0 && n < 50 && (count - count.round()).abs() < 0.03).then(|| format!("{:.0} of {n}", count.round()))
}

/// Digits after the point that figures of a unit are printed with in tables.
fn decimals(unit: &str, value: f64) -> usize {
    match unit {
        "%" | "points" => 1,
        "s" => usize::from(value.abs() < 1000.0),
        "steps" => 0,
        "per sample" => usize::from(value.fract() != 0.0 && value.abs() < 1000.0),
        _ if value.fract() == 0.0 => 0,
        _ => (2.0 - value.abs().log10().floor()).clamp(0.0, 6.0) as usize,
    }
}

/// A figure as a cell of a table whose head has its unit: `97.2 ± 1.1` over several seeds, `1 of 36` for small counts.
pub(crate) fn cell(row: &Row, unit: &str) -> String {
    let decimals = decimals(unit, row.value);
    match (spread(row), row.n) {
        (Some(spread), _) => format!("{} ± {}", fixed(row.value, decimals), fixed(spread, decimals)),
        (None, Some(n)) if unit == "%" => count(row.value, n).unwrap_or_else(|| fixed(row.value, decimals)),
        _ => fixed(row.value, decimals),
    }
}

/// A figure of a harness inside a sentence, with its unit; one digit less where the spread over seeds is one or more.
pub fn words(row: &Row) -> String {
    words_in(row, unit(row))
}

/// As [`words`], of any figure in this unit.
pub fn words_in(row: &Row, unit: &str) -> String {
    let full = decimals(unit, row.value);
    let Some(spread) = spread(row) else {
        return as_count(row, unit).unwrap_or_else(|| with_unit(fixed(row.value, full), unit));
    };
    let kept = full - usize::from(spread >= 1.0 && full > 0);
    with_unit(format!("{} ± {}", fixed(row.value, kept), fixed(spread, kept)), unit)
}

/// Whether [`words`] are a count: "6 of 10".
pub(crate) fn is_counted(row: &Row) -> bool {
    spread(row).is_none() && as_count(row, unit(row)).is_some()
}

fn as_count(row: &Row, unit: &str) -> Option<String> {
    row.n.filter(|_| unit == "%").and_then(|n| count(row.value, n))
}

/// In plain words, with the interval: for a tooltip. The run that the figure is of knows what its samples are called.
pub fn tooltip(row: &Row, view: &RunView) -> String {
    let help = view.catalogue.metric(&row.key).map_or("", |metric| metric.help);
    match (row.n, row.interval) {
        (Some(n), Some([low, high])) => {
            let samples = view.samples(&view.task(&row.stage), n);
            let [n, low, high] = [fixed(n as f64, 0), fixed(low, 1), fixed(high, 1)];
            format!("{help} ({n} {samples}: {low} to {high} %)")
        }
        _ => help.into(),
    }
}

/// Only several seeds have a spread.
pub fn spread(row: &Row) -> Option<f64> {
    row.spread.filter(|_| row.seeds.is_some_and(|seeds| seeds > 1))
}

/// Seconds to come: to the second below 20, to five below two minutes.
pub fn seconds(seconds: f64) -> String {
    match seconds {
        s if s < 1.0 => "1 s".into(),
        s if s < 20.0 => format!("{} s", fixed(s.round(), 0)),
        s if s < 120.0 => format!("{} s", fixed((s / 5.0).round() * 5.0, 0)),
        s => format!("{} min", fixed((s / 60.0).round(), 0)),
    }
}

/// Seconds that something took.
pub fn took(seconds: f64) -> String {
    if seconds < 0.1 { "under 0.1 s".into() } else { format!("{} s", fixed(seconds, 1)) }
}

/// How far something is: `step 40 of 1,200`.
pub fn step(at: usize, of: usize) -> String {
    format!("step {} of {}", fixed(at as f64, 0), fixed(of as f64, 0))
}

/// A count in words up to twelve: `no`, `one`, `seven`.
pub fn counted(n: usize) -> String {
    const WORDS: [&str; 13] =
        ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
    WORDS.get(n).map_or_else(|| fixed(n as f64, 0), |word| (*word).into())
}

/// A budget of an attack, with at least two digits after the point: 0.20, but 0.0314.
pub(crate) fn budget(epsilon: f64) -> String {
    let hundredths = epsilon * 100.0;
    if (hundredths - hundredths.round()).abs() < 1e-9 { fixed(epsilon, 2) } else { short(epsilon) }
}

/// A very small figure: `3.1 × 10⁻⁷`.
pub fn tiny(value: f64) -> String {
    let text = format!("{value:.1e}");
    let Some((figure, power)) = text.split_once('e').filter(|(_, power)| *power != "0") else { return fixed(value, 1) };
    let raised = power.chars().map(|digit| match digit.to_digit(10) {
        Some(digit) => ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'][digit as usize],
        None => '⁻',
    });
    format!("{figure} × 10{}", raised.collect::<String>())
}

/// With its article: `a digit`, `an image`.
pub fn one(noun: &str) -> String {
    let article = if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {noun}")
}

/// With a capital first letter.
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

/// The unit of a harness's figure.
fn unit(row: &Row) -> &'static str {
    metric(&row.key).map_or("", |metric| metric.unit)
}

/// A printed number with its unit, which may be empty; the line does not break between them.
pub(crate) fn with_unit(text: String, unit: &str) -> String {
    match unit {
        "" => text,
        "%" => format!("{text}{NARROW}%"),
        _ => format!("{text}\u{a0}{unit}"),
    }
}

fn sign(negative: bool) -> String {
    if negative { "−".into() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(fixed(62410.0, 0), "62,410");
        assert_eq!(fixed(-0.04, 1), "0.0");
        assert_eq!(fixed(-1234.56, 1), "−1,234.6");
        assert_eq!(fixed(0.25, 3), "0.250");
        assert_eq!(fixed(f64::NAN, 1), "not a number");
        assert_eq!(short(10_000.0), "10\u{202f}k");
        assert_eq!(short(62_410.0), "62.4\u{202f}k");
        assert_eq!(short(0.002), "0.002");
    }

    #[test]
    fn cells_follow_the_noise() {
        let seeds = Row { spread: Some(1.14), seeds: Some(3), ..Row::share("a", "ua", 97.23, 36) };
        assert_eq!(cell(&seeds, "%"), "97.2 ± 1.1");
        assert_eq!(words(&seeds), "97 ± 1\u{202f}%");
        let one = Row { seeds: None, spread: Some(1.0), ..Row::share("a", "accuracy", 96.111, 360) };
        assert_eq!(cell(&one, "%"), "96.1");
        assert_eq!(words(&one), "96.1\u{202f}%");
        let few = Row::share("a", "accuracy", 100.0 / 36.0, 36);
        assert_eq!(cell(&few, "%"), "1 of 36");
        assert_eq!(cell(&Row::new("a", "trainable", 62410.0), ""), "62,410");
        assert_eq!(cell(&Row::new("a", "l2_median", 0.4123), ""), "0.412");
    }

    #[test]
    fn a_tooltip_counts_what_the_task_has() {
        let (mut report, catalogue) = (crate::sentence::tests::sample(), crate::sentence::tests::catalogue());
        let kept = |n| Row::share("salun", "ra", 97.0, n);
        let said = |report: &spec::Report, n| tooltip(&kept(n), &RunView::of(report, &catalogue));
        assert_eq!(said(&report, 1291), "accuracy on what was kept (1,291 images: 95.9 to 97.8 %)");
        assert!(said(&report, 1).contains("(1 image: "));
        report.spec.tasks.values_mut().for_each(|task| task.id = "spirals".into());
        assert_eq!(said(&report, 1291), "accuracy on what was kept (1,291 points: 95.9 to 97.8 %)");
    }
}
