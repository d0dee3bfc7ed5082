//! Where a value stands on a slider, and which values a slider has.

/// Where a value stands on a slider, 0 to 1.
pub fn place(min: f64, max: f64, log: bool, value: f64) -> f64 {
    let scale = |x: f64| if log { x.max(f64::MIN_POSITIVE).ln() } else { x };
    let share = (scale(value) - scale(min)) / (scale(max) - scale(min));
    if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 }
}

/// The value at a place, on the slider's own steps: 1, 2, 5 with two digits on a logarithmic one, else a hundredth of
/// the range.
pub fn at_place(min: f64, max: f64, log: bool, place: f64) -> f64 {
    let round = |x: f64, unit: f64| (x / unit).round() * unit;
    let raw = if log {
        let x = (min.ln() + place * (max.ln() - min.ln())).exp();
        round(x, 10_f64.powf(x.log10().floor() - 1.0))
    } else {
        let unit = 10_f64.powf(((max - min) / 100.0).log10().floor());
        round(min + place * (max - min), if whole(min, max) { 1.0 } else { unit })
    };
    tidy(raw.clamp(min, max))
}

/// Whether a slider runs over whole numbers: ranks and angles, not shares.
pub fn whole(min: f64, max: f64) -> bool {
    min.fract() == 0.0 && max.fract() == 0.0 && max - min > 10.0
}

/// 0.30000000000000004 is 0.3.
pub fn tidy(x: f64) -> f64 {
    (1e9 * x).round() / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sliders_go_there_and_back() {
        for (min, max, log, value) in [(0.0, 0.5, false, 0.2), (1e-5, 1.0, true, 0.02), (1.0, 64.0, false, 4.0)] {
            assert_eq!(at_place(min, max, log, place(min, max, log, value)), value);
        }
        assert_eq!(at_place(1e-5, 1.0, true, 0.5), 0.0032);
    }
}
