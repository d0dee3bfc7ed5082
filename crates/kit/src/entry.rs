use crate::control::{self, Config};
use crate::cx::{Boxed, Cx};
use crate::data::Task;
use crate::error::{Error, Result};
use crate::lab::Lab;
use crate::nets::Net;
use crate::shapes::attack::AttackFns;
use crate::shapes::{attack, measure, peft, tune, unlearn};
use serde_json::{Map, Value};
use spec::{Card, Control, Family, Needs, Row, Shape, Stage};

/// What every method has: a card, settings, and the same settings at toy size for the laws.
pub trait Method: 'static {
    type Config: Config;
    const CARD: Card;

    /// The id alone, so that code which names the method does not carry its whole card along.
    const ID: &'static str = Self::CARD.id;

    /// Settings that this method does not have, though others with its config do: they stay at their defaults, and
    /// nobody is shown them.
    const FIXED: &'static [&'static str] = &[];

    /// The paper's values, where those of the config are another method's.
    fn defaults() -> Self::Config {
        Self::Config::default()
    }

    /// What is written, over the defaults.
    fn settings(at: &str, params: &Map<String, Value>) -> Result<Self::Config> {
        control::resolve_over(at, params, Self::defaults(), Self::FIXED)
    }

    /// Small enough that all laws over all methods run in seconds.
    fn tiny(config: Self::Config) -> Self::Config {
        config
    }

    /// What a range cannot say.
    fn check(_config: &Self::Config, _task: &Task) -> Result {
        Ok(())
    }
}

pub type Run = for<'a> fn(&'a Entry, &'a Stage, &'a mut Lab, &'a mut Cx) -> Boxed<'a, Result<Vec<Row>>>;
/// From the stage's settings and a net to a new net, without measuring: what a retrained reference repeats.
pub type Make = for<'a> fn(&'a Map<String, Value>, Net, &'a Task, &'a mut Cx) -> Boxed<'a, Result<Net>>;

/// A method with its type erased, and the harness of its shape: a method cannot forget a measurement, nor bend one.
///
/// Of the card it holds only what a run needs. The prose for readers stays out of the engine's wasm: it is reached
/// through the methods' list of cards, which nothing but the catalogue asks for.
pub struct Entry {
    /// `family.name`, as run files write it.
    pub id: &'static str,
    /// The name that people read.
    pub title: &'static str,
    pub family: Family,
    pub needs: Needs,
    pub shape: Shape,
    /// Among the good first choices of its family.
    pub first: bool,
    pub controls: fn() -> Vec<Control>,
    pub defaults: fn() -> Value,
    pub tiny: fn() -> Value,
    /// All settings, with what these params change; one sentence if one of them cannot be.
    pub settings: fn(&str, &Map<String, Value>) -> Result<Value>,
    pub check_task: fn(&Map<String, Value>, &Task) -> Result,
    pub run: Run,
    pub make: Option<Make>,
    pub attack: Option<AttackFns>,
}

impl Entry {
    pub const fn attack<M: attack::Attack>() -> Self {
        Self { attack: Some(attack::fns::<M>()), ..Self::of::<M>(Shape::Attack, attack::run) }
    }

    pub const fn measure<M: measure::Measure>() -> Self {
        Self::of::<M>(Shape::Measure, measure::run::<M>)
    }

    pub const fn peft<M: peft::Peft>() -> Self {
        Self { make: Some(peft::make::<M>), ..Self::of::<M>(Shape::Peft, tune::run) }
    }

    pub const fn tune<M: tune::Tune>() -> Self {
        Self { make: Some(tune::make::<M>), ..Self::of::<M>(Shape::Tune, tune::run) }
    }

    pub const fn unlearn<M: unlearn::Unlearn>() -> Self {
        Self::of::<M>(Shape::Unlearn, unlearn::run::<M>)
    }

    pub const fn first(self) -> Self {
        Self { first: true, ..self }
    }

    const fn of<M: Method>(shape: Shape, run: Run) -> Self {
        Self {
            id: M::ID,
            title: M::CARD.title,
            family: M::CARD.family,
            needs: M::CARD.needs,
            shape,
            first: false,
            controls: || control::controls_over(&M::defaults(), M::FIXED),
            defaults: || free::<M>(&M::defaults()),
            tiny: || free::<M>(&M::tiny(M::defaults())),
            settings: |at, params| Ok(free::<M>(&M::settings(at, params)?)),
            check_task: |params, task| M::check(&M::settings(M::ID, params)?, task),
            run,
            make: None,
            attack: None,
        }
    }

    /// One sentence if the method cannot work on this task.
    pub fn fits(&self, stage: &Stage, task: &Task) -> Result {
        let needs = &self.needs;
        if !needs.kinds.contains(&task.set.kind) {
            let why = format!("it does not take the {:?} of task \"{}\"", task.set.kind, task.name).to_lowercase();
            return Err(Error::input(self.id, why));
        }
        if task.classes.len() < needs.min_classes {
            let why = format!(
                "needs at least {} classes; task \"{}\" has {}",
                needs.min_classes,
                task.name,
                task.classes.len()
            );
            return Err(Error::input(self.id, why));
        }
        if let Some(attack) = &self.attack {
            attack::aim(self.id, (attack.target)(&stage.params)?, task.classes.len())?;
        }
        (self.check_task)(&stage.params, task)
    }
}

/// The settings that are the method's to choose.
fn free<M: Method>(config: &M::Config) -> Value {
    let mut settings = control::json(config);
    if let Value::Object(settings) = &mut settings {
        settings.retain(|key, _| !M::FIXED.contains(&key.as_str()));
    }
    settings
}
