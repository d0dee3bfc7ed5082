//! The leaf under attack.

use super::{
    state::{Shot, Subject},
    target::Target,
};
use crate::{
    labs::lab::{LeafOverlay, Overlay},
    run::{catalogue, sample::Sample},
    ui::Image,
};
use leptos::prelude::*;
use report::{Outcome, figure::fixed};
use spec::{ATTACKED, Answers};
use std::{collections::HashMap, sync::Arc};

/// What the lab lays over the leaf.
pub fn overlay() -> Overlay {
    let target = Target::get();
    Overlay {
        ready: Memo::new(move |_| is_ready(target)).into(),
        leaf: Memo::new(move |_| leaf(target).map(Arc::new)).into(),
        chosen: Memo::new(move |_| target.image()?.ids().first().copied()).into(),
        choose: Callback::new(move |id| target.state.image.set(Some(Subject::Samples(vec![id])))),
    }
}

fn is_ready(target: Target) -> bool {
    target.victim().is_some_and(|name| {
        let key = target.key(&name);
        target.state.leaf_shot.with(|shot| shot.as_ref().is_some_and(|shot| Some(&shot.key) == key.as_ref()))
            || target.played(&name).is_some()
    })
}

/// The leaf at the slider's budget; at the strip's own budget the whole test split counts.
fn leaf(target: Target) -> Option<LeafOverlay> {
    let layer = target.victim()?;
    let epsilon = target.epsilon();
    let title = catalogue().method(&target.method(&layer).id).map_or("", |method| method.card.title.as_str());
    let attack = target.attack_on(&layer);
    let own = attack.and_then(|attack| target.run.setting(&attack, &["epsilon"]).as_f64());
    let is_own = own.is_some_and(|own| (own - epsilon).abs() < 1e-9);
    if let (true, Some(outcome)) = (is_own, target.played(&layer)) {
        let when = format!("Under {title}, ε {}", fixed(epsilon, 2));
        return of_stage(&outcome, &target.run.sample(&layer, &target.task(&layer)), when);
    }
    let key = target.key(&layer);
    let shot = target.state.leaf_shot.get().filter(|shot| Some(&shot.key) == key.as_ref())?;
    let samples = target.run.samples(&target.task(&layer), shot.subject.ids().len());
    Some(of_shot(&shot, title, &samples))
}

/// After the strip's own attack.
fn of_stage(outcome: &Outcome, sample: &Sample, when: String) -> Option<LeafOverlay> {
    let images = outcome.images.get(ATTACKED);
    let image = |id: &u32| {
        let images = images?;
        Some((*id, Image { shape: images.shape, values: images.of(*id)?.into(), signed: false }))
    };
    Some(of_answers(outcome.answers("attacked")?, sample.ids.iter().filter_map(image).collect(), when))
}

/// At another budget, of the images on the leaf alone.
fn of_shot(shot: &Shot, title: &str, samples: &str) -> LeafOverlay {
    let ids = shot.subject.ids();
    let n = ids.len();
    let images = ids.iter().enumerate().map(|(at, id)| (*id, shot.picture(shot.attacked(at), false)));
    let when = format!("Under {title}, ε {}, these {n} {samples}", fixed(shot.epsilon, 2));
    of_answers(&shot.answers(), images.collect(), when)
}

fn of_answers(answers: &Answers, images: HashMap<u32, Image>, when: String) -> LeafOverlay {
    let classes = usize::from(answers.labels.iter().copied().max().unwrap_or(0)) + 1;
    let shares = answers.per_class(classes).into_iter().enumerate();
    LeafOverlay {
        accuracy: answers.accuracy(&[]),
        when,
        answers: answers.ids.iter().copied().zip(answers.classes.iter().copied()).collect(),
        images,
        shares: shares.filter_map(|(class, share)| Some((class as u16, f64::from(share?)))).collect(),
        state: "attacked",
    }
}
