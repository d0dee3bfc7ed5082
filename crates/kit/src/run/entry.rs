//! A method, and the entry that stands for it in a list.

use super::place::Place;
use super::shapes::Beside;
use super::state::{Make, RunState};
use crate::attack::{Ball, Victim};
use crate::cx::Cx;
use crate::data::{Batch, Class, Task};
use crate::error::{Error, Result};
use crate::host::Boxed;
use crate::nets::Net;
use crate::settings::{self, Config};
use burn::tensor::Tensor;
use serde_json::{Map, Value};
use spec::{Card, Control, Family, Manner, Needs, Row, Shape, Stage};

/// What every method has: a card, settings, and the same settings at toy size for the laws.
pub trait Method: 'static {
    /// Its settings: the doc comments of the fields are the help, `range` gives the bounds, `Default` the values.
    type Config: Config;
    /// Id, title, source and needs.
    const CARD: Card;

    /// The id alone, so that code which names the method does not carry its whole card along.
    const ID: &'static str = Self::CARD.id;

    /// What sentences about its stages depend on; most methods have nothing of the kind.
    const MANNER: Option<Manner> = None;

    /// Fields of the config that are not settings of this method, though they are of others with the same config. They
    /// keep their defaults and are not shown.
    const FIXED: &'static [&'static str] = &[];

    /// The paper's values, where the config's own defaults belong to another method.
    fn defaults() -> Self::Config {
        Self::Config::default()
    }

    /// The settings in a run file, completed by the defaults. `at` is the key path of the stage, for errors.
    fn settings(at: &str, params: &Map<String, Value>) -> Result<Self::Config> {
        settings::resolve_over(at, params, Self::defaults(), Self::FIXED)
    }

    /// The same settings at toy size, so that the law tests over all methods run in seconds.
    fn tiny(config: Self::Config) -> Self::Config {
        config
    }

    /// An error if these settings do not work on this task, for conditions that the bounds of a setting cannot express.
    fn check(_config: &Self::Config, _task: &Task) -> Result {
        Ok(())
    }
}

/// Runs a stage and measures its result: the same function for all methods of a shape.
pub type Harness = for<'a> fn(&'a Entry, &'a Stage, &'a mut RunState, &'a mut Cx) -> Boxed<'a, Result<Vec<Row>>>;

/// Attacks a batch that has the true classes as labels, towards the class at a place ([`Entry::aims`]) if there is one.
/// Whether the result `[n, c, h, w]` lies in the ball is not checked here.
pub type Perturb =
    for<'a> fn(&'a Map<String, Value>, Option<u16>, &'a Victim, &'a Batch, &'a mut Cx) -> Boxed<'a, Result<Tensor<4>>>;

/// Makes a net that is [`prepared`](super::prepared) forget what the run wants forgotten of a task, without measuring
/// it. The number is the stage's index.
pub type Forget = for<'a> fn(
    &'a Map<String, Value>,
    Net,
    &'a Task,
    Beside<'a>,
    usize,
    &'a RunState,
    &'a mut Cx,
) -> Boxed<'a, Result<Net>>;

/// An error if a measure has nothing to measure where it stands.
pub type CheckPlace = fn(&Place<'_>) -> Result;

/// A net with what a stage's settings attach to it.
pub type Attach = fn(&Map<String, Value>, Net, &Task, &mut Cx) -> Result<Net>;

/// An attack with its type erased.
#[derive(Clone, Copy)]
pub struct AttackFns {
    /// The set around each image that the changed image has to stay within, from the settings.
    pub ball: fn(&Map<String, Value>) -> Result<Ball>,
    /// The class that images are to be taken for, from the settings; `None` if any wrong class will do.
    pub target: fn(&Map<String, Value>) -> Result<Option<Class>>,
    /// Attacks one batch.
    pub perturb: Perturb,
}

/// A method with its type erased, and the harness of its shape. The harness measures, so a method can neither leave out
/// a measurement nor change one.
///
/// Of the card it holds only what a run needs. The prose for readers stays out of the engine's wasm: it is reached
/// through the methods' list of cards, which only the catalogue asks for.
pub struct Entry {
    /// `family.name`, as run files write it.
    pub id: &'static str,
    /// The name shown to users.
    pub title: &'static str,
    /// The family under which lists show it.
    pub family: Family,
    /// What it needs of a task and of its victim.
    pub needs: Needs,
    /// What it takes and returns, which decides the harness.
    pub shape: Shape,
    /// See [`Method::MANNER`].
    pub manner: Option<Manner>,
    /// Whether it is among the good first choices of its family.
    pub first: bool,
    /// One control for each setting (kind, bounds, help), from which the page builds its form.
    pub controls: fn() -> Vec<Control>,
    /// All settings at their defaults, as a JSON object with the keys of the run file.
    pub defaults: fn() -> Value,
    /// See [`Method::tiny`].
    pub tiny: fn() -> Value,
    /// All settings, as these parameters change them; an error if one is unknown or out of bounds. The string is the
    /// key path of the stage, for errors.
    pub settings: fn(&str, &Map<String, Value>) -> Result<Value>,
    /// See [`Method::check`].
    pub check_task: fn(&Map<String, Value>, &Task) -> Result,
    /// Runs a stage and measures its result.
    pub run: Harness,
    /// Makes a net without measuring it; `None` for methods that train none.
    pub make: Option<Make>,
    /// Makes a net forget without measuring it; `None` for methods that do not forget.
    pub forget: Option<Forget>,
    /// Attaches the weights that the method trains to a net that is [`prepared`](super::prepared), and trains nothing;
    /// `None` for methods that attach none.
    pub attach: Option<Attach>,
    /// The functions of an attack; `None` for other methods.
    pub attack: Option<AttackFns>,
    /// See [`Measure::check_place`](super::Measure::check_place); `None` for other methods.
    pub check_place: Option<CheckPlace>,
}

impl Entry {
    /// The entry as a good first choice of its family.
    pub const fn first(self) -> Self {
        Self { first: true, ..self }
    }

    /// The entry of a method with this shape and its harness.
    pub(super) const fn of<M: Method>(shape: Shape, run: Harness) -> Self {
        Self {
            id: M::ID,
            title: M::CARD.title,
            family: M::CARD.family,
            needs: M::CARD.needs,
            shape,
            manner: M::MANNER,
            first: false,
            controls: || settings::controls_over(&M::defaults(), M::FIXED),
            defaults: || free::<M>(&M::defaults()),
            tiny: || free::<M>(&M::tiny(M::defaults())),
            settings: |at, params| Ok(free::<M>(&M::settings(at, params)?)),
            check_task: |params, task| M::check(&M::settings(M::ID, params)?, task),
            run,
            make: None,
            forget: None,
            attach: None,
            attack: None,
            check_place: None,
        }
    }

    /// An error if the method cannot work on this task with the settings of this stage.
    pub fn fits(&self, stage: &Stage, task: &Task) -> Result {
        let needs = &self.needs;
        if !needs.kinds.contains(&task.set.kind) {
            let why = format!("it does not take the {} of task \"{}\"", task.set.kind.word(), task.name);
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
        if let Some(take) = stage.take.filter(|take| *take > task.test.len()) {
            let why = format!("{take} are asked for, and task \"{}\" has {} test samples", task.name, task.test.len());
            return Err(Error::input(format!("{}.take", self.id), why));
        }
        self.aims(&stage.params, task)?;
        for budget in &stage.epsilons {
            (self.check_task)(&self.at_budget(&stage.params, *budget)?, task).map_err(|error| error.under(self.id))?;
        }
        (self.check_task)(&stage.params, task).map_err(|error| error.under(self.id))
    }

    /// The settings of an attack at another budget, in the unit of its `epsilon`. A step size is scaled with it, so
    /// that the steps cross any ball alike.
    ///
    /// # Errors
    /// The method has no budget, or none may be so large or so small.
    pub fn at_budget(&self, params: &Map<String, Value>, epsilon: f64) -> Result<Map<String, Value>> {
        let (controls, defaults) = ((self.controls)(), (self.defaults)());
        let at = format!("{}.epsilons", self.id);
        let control = controls.iter().find(|control| control.key == "epsilon").filter(|_| self.attack.is_some());
        let control = control.ok_or_else(|| Error::input(&at, "this method has no budget `epsilon`"))?;
        control.check(&at, &epsilon.into())?;
        let of = |key: &str| params.get(key).or_else(|| defaults.get(key)).and_then(Value::as_f64);
        let mut changed = params.clone();
        if let (Some(alpha), Some(radius)) = (of("alpha"), of("epsilon").filter(|radius| *radius > 0.0)) {
            changed.insert("alpha".into(), (alpha * epsilon / radius).into());
        }
        changed.insert("epsilon".into(), epsilon.into());
        Ok(changed)
    }

    /// The place among the task's classes of the one that an attack with these settings aims at; `None` of an attack
    /// that aims at none, and of other methods.
    ///
    /// # Errors
    /// The task has no such class, or no training samples of it.
    pub fn aims(&self, params: &Map<String, Value>, task: &Task) -> Result<Option<u16>> {
        let Some(attack) = &self.attack else { return Ok(None) };
        let Some(class) = (attack.target)(params)? else { return Ok(None) };
        let at = format!("{}.target", self.id);
        let place = task.place(&at, &class)?;
        match task.filled().binary_search(&place) {
            Ok(_) => Ok(Some(place)),
            Err(_) => {
                Err(Error::input(at, format!("no training sample of task \"{}\" is of class {class}", task.name)))
            }
        }
    }

    /// All settings, as these parameters change them on this task: the same for all ways to write them. The class that
    /// an attack aims at is its place among the task's.
    ///
    /// # Errors
    /// As [`Entry::settings`] and [`Self::aims`].
    pub fn settled(&self, params: &Map<String, Value>, task: &Task) -> Result<Value> {
        let mut settings = (self.settings)(self.id, params)?;
        if let Some(place) = self.aims(params, task)? {
            settings["target"] = place.into();
        }
        Ok(settings)
    }
}

/// The settings of a config without those that are fixed for this method.
fn free<M: Method>(config: &M::Config) -> Value {
    let mut settings = settings::json(config);
    if let Value::Object(settings) = &mut settings {
        settings.retain(|key, _| !M::FIXED.contains(&key.as_str()));
    }
    settings
}
