//! Looks at a network while it is trained.

use super::test;
use crate::cx::{Cx, Watch};
use crate::error::Result;
use crate::nets::Net;

/// Number of steps between two looks in a training of `total` steps: what the run says, else about 30 looks, at least 5
/// steps apart.
pub fn every(watch: Option<&Watch>, total: usize) -> usize {
    watch.and_then(|watch| watch.every).unwrap_or((total / 30).max(5))
}

/// Reports what the network answers after `step` steps: a point of each curve, the validation answers, and those on the
/// samples that are drawn.
///
/// # Errors
/// As [`test`]; then nothing is reported.
pub async fn look(net: &Net, step: usize, watch: &Watch, cx: &mut Cx) -> Result {
    let valid = test(net, &watch.valid, cx).await?;
    let seen = test(net, &watch.seen, cx).await?;
    let shown = match &watch.shown {
        Some(view) => Some(test(net, view, cx).await?),
        None => None,
    };
    cx.say_accuracy("train_accuracy", step, &seen);
    if !valid.is_empty() {
        cx.say_accuracy("validation_accuracy", step, &valid.without(&watch.gone));
        cx.say_tested("valid", &valid);
    }
    if let Some(shown) = shown {
        cx.say(shown.event("shown"));
    }
    Ok(())
}
