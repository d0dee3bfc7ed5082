use crate::entry;
use kit::control;
use kit::nets;
use spec::{RunSpec, Shape, Wrong};

/// Everything in a run file that can be known wrong before data is loaded: ids, keys, values.
pub fn check(spec: &RunSpec) -> Result<(), Wrong> {
    for (name, pick) in &spec.tasks {
        let at = format!("tasks.{name}");
        let known = kit::data::choices();
        let choice = known.iter().find(|choice| choice.id == pick.id);
        let choice = choice
            .ok_or_else(|| Wrong::unknown("data set", &at, &pick.id, known.iter().map(|choice| choice.id.as_str())))?;
        control::check(&at, &pick.params, &choice.controls)?;
    }
    net("model", &spec.model)?;
    if let Some(pick) = &spec.forget {
        let known = kit::data::forget_choices();
        let choice = known.iter().find(|choice| choice.id == pick.id);
        let choice = choice.ok_or_else(|| {
            Wrong::unknown("forget set", "forget", &pick.id, known.iter().map(|choice| choice.id.as_str()))
        })?;
        control::check("forget", &pick.params, &choice.controls)?;
    }
    for (index, stage) in spec.stages.iter().enumerate() {
        let at = format!("stage.{}", spec.stage_name(index));
        let entry = entry(&stage.id).map_err(|wrong| Wrong { what: at.clone(), ..wrong })?;
        (entry.settings)(&at, &stage.params).map_err(|error| match error {
            kit::Error::Input(wrong) => wrong,
            other => Wrong::new(&at, other.to_string()),
        })?;
        if let Some(pick) = &stage.model {
            net(&format!("{at}.model"), pick)?;
        }
        let forgets = matches!(entry.shape, Shape::Unlearn | Shape::Measure);
        if forgets && spec.forget.is_none() {
            let why = "needs to know what to forget; `forget = { id = \"class\", class = 3 }` is one way";
            return Err(Wrong::new(at, why));
        }
    }
    Ok(())
}

fn net(at: &str, pick: &spec::Pick) -> Result<(), Wrong> {
    let known = nets::choices();
    let choice = known.iter().find(|choice| choice.id == pick.id);
    let choice =
        choice.ok_or_else(|| Wrong::unknown("network", at, &pick.id, known.iter().map(|choice| choice.id.as_str())))?;
    let mut params = pick.params.clone();
    if let Some(weights) = params.shift_remove("weights")
        && !weights.is_string()
    {
        return Err(Wrong::new(format!("{at}.weights"), "must be the name of a weight file"));
    }
    control::check(at, &params, &choice.controls)
}
