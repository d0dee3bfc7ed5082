//! leptos's signals and memos, for values of any type. Its own are compiled anew for every type of value, which was a
//! tenth of the page; here the reactive graph sees one type, and a `T` is found in it again.

use leptos::prelude::{Get, GetUntracked, LocalStorage, Notify, Track};
use std::{any::Any, cell::RefCell, marker::PhantomData, rc::Rc, sync::Arc};

/// A value that whoever read it is told of when it changes.
pub struct RwSignal<T>(leptos::prelude::RwSignal<Rc<dyn Any>, LocalStorage>, PhantomData<fn() -> T>);

impl<T> Clone for RwSignal<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for RwSignal<T> {}

impl<T: Default + 'static> Default for RwSignal<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

const GONE: &str = "its owner is gone";

fn found<T: 'static>(value: &Rc<dyn Any>) -> &RefCell<T> {
    value.downcast_ref().expect("the signal was made with this type")
}

impl<T: 'static> RwSignal<T> {
    pub fn new(value: T) -> Self {
        fn make(value: Rc<dyn Any>) -> leptos::prelude::RwSignal<Rc<dyn Any>, LocalStorage> {
            leptos::prelude::RwSignal::new_local(value)
        }
        Self(make(Rc::new(RefCell::new(value))), PhantomData)
    }

    pub fn track(&self) {
        self.0.track();
    }

    pub fn with<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        read(&found(&self.0.try_get().expect(GONE)).borrow())
    }

    pub fn with_untracked<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        read(&found(&self.0.try_get_untracked().expect(GONE)).borrow())
    }

    pub fn update(&self, change: impl FnOnce(&mut T)) {
        assert!(self.try_update(change), "{GONE}");
    }

    /// Does nothing if the owner is gone: an answer may come after its view.
    pub fn try_update(&self, change: impl FnOnce(&mut T)) -> bool {
        let Some(value) = self.0.try_get_untracked() else { return false };
        change(&mut found(&value).borrow_mut());
        self.0.notify();
        true
    }

    pub fn set(&self, value: T) {
        self.update(|old| *old = value);
    }

    pub fn try_set(&self, value: T) {
        self.try_update(|old| *old = value);
    }
}

impl<T: Clone + 'static> RwSignal<T> {
    pub fn get(&self) -> T {
        self.with(T::clone)
    }

    pub fn get_untracked(&self) -> T {
        self.with_untracked(T::clone)
    }

    pub fn try_get_untracked(&self) -> Option<T> {
        Some(found::<T>(&self.0.try_get_untracked()?).borrow().clone())
    }
}

/// A computed value of any type that can tell whether it changed.
trait Same: Any + Send + Sync {
    fn same(&self, other: &dyn Same) -> bool;
}

impl<T: PartialEq + Send + Sync + 'static> Same for T {
    fn same(&self, other: &dyn Same) -> bool {
        (other as &dyn Any).downcast_ref() == Some(self)
    }
}

#[derive(Clone)]
struct Computed(Arc<dyn Same>);

impl PartialEq for Computed {
    fn eq(&self, other: &Self) -> bool {
        self.0.same(&*other.0)
    }
}

impl Computed {
    fn read<T: 'static, R>(&self, read: impl FnOnce(&T) -> R) -> R {
        read((&*self.0 as &dyn Any).downcast_ref().expect("the memo was made with this type"))
    }
}

/// A value that is computed from signals, once for each of their changes.
pub struct Memo<T>(leptos::prelude::Memo<Computed>, PhantomData<fn() -> T>);

impl<T> Clone for Memo<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Memo<T> {}

pub fn memo<T: PartialEq + Send + Sync + 'static>(compute: impl Fn() -> T + Send + Sync + 'static) -> Memo<T> {
    fn make(compute: Box<dyn Fn() -> Computed + Send + Sync>) -> leptos::prelude::Memo<Computed> {
        leptos::prelude::Memo::new(move |_| compute())
    }
    Memo(make(Box::new(move || Computed(Arc::new(compute())))), PhantomData)
}

impl<T: 'static> Memo<T> {
    pub fn with<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        self.0.try_get().expect(GONE).read(read)
    }

    pub fn with_untracked<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        self.0.try_get_untracked().expect(GONE).read(read)
    }
}

impl<T: Clone + 'static> Memo<T> {
    pub fn get(&self) -> T {
        self.with(T::clone)
    }

    pub fn get_untracked(&self) -> T {
        self.with_untracked(T::clone)
    }

    pub fn try_get_untracked(&self) -> Option<T> {
        Some(self.0.try_get_untracked()?.read(T::clone))
    }
}
