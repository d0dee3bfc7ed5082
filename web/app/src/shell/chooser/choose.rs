//! What happens to the strip when a method is chosen.

use crate::{
    labs,
    run::{START, View, catalogue},
};
use spec::MethodInfo;

/// Gives a planned stage this method. Of a finished one, or with `as_row`, a version is made; where nothing is
/// replaced, or by a method of another lab, the stage is new. It is selected.
pub fn choose(view: View, replace: Option<&str>, id: &str, as_row: bool) {
    let run = view.run;
    let Some(method) = catalogue().method(id) else { return };
    let replaced = replace.filter(|name| run.method(name).is_some_and(|was| can_replace(was, method)));
    let mut select = None;
    match replaced {
        Some(name) if method.shape.is_layer() && (as_row || run.outcome(name).is_some()) => run.edit(|strip| {
            select = strip.add_version(name, id, catalogue());
            if let (Some(version), false) = (&select, as_row) {
                strip.use_version(version, catalogue());
            }
        }),
        Some(name) => {
            run.edit(|strip| strip.set_method(name, id));
            select = Some(name.to_owned());
        }
        None => {
            let under = view.layer();
            let under = (under != START).then_some(under);
            run.edit(|strip| select = Some(strip.add(id, under.as_deref(), catalogue())));
        }
    }
    if let Some(name) = select {
        view.select(&name);
    }
}

fn can_replace(was: &MethodInfo, method: &MethodInfo) -> bool {
    was.shape.is_layer() == method.shape.is_layer() && labs::of(was.card.family) == labs::of(method.card.family)
}
