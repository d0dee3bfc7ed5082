//! Elements over leptos's signals. `view!` gives every element, attribute and closure a type of its own, and code for
//! each: this page would weigh 514 kB (brotli). Here there is one type of element and one of each kind of child.

pub use crate::signals::{Memo, RwSignal, memo};
pub use leptos::prelude::{
    Effect, GetValue, IntervalHandle, Owner, SetValue, StoredValue, TimeoutHandle, UpdateValue, WithValue,
    expect_context, provide_context, request_animation_frame, set_interval, set_interval_with_handle, set_timeout,
    set_timeout_with_handle, untrack, use_context,
};
use leptos::reactive::effect::RenderEffect;
use std::marker::PhantomData;
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};
use web_sys::{Document, Element, Node};

/// Anything that can stand in an element.
#[derive(Default)]
pub enum AnyView {
    #[default]
    Nothing,
    Text(String),
    Node(Node),
    Many(Vec<AnyView>),
    /// Made anew when a signal that it reads changes.
    Dynamic(Box<dyn Fn() -> AnyView>),
}

pub trait IntoAny {
    fn into_any(self) -> AnyView;
}

impl IntoAny for AnyView {
    fn into_any(self) -> AnyView {
        self
    }
}

impl IntoAny for El {
    fn into_any(self) -> AnyView {
        AnyView::Node(self.0.into())
    }
}

impl IntoAny for () {
    fn into_any(self) -> AnyView {
        AnyView::Nothing
    }
}

impl IntoAny for String {
    fn into_any(self) -> AnyView {
        AnyView::Text(self)
    }
}

impl<T: IntoAny> IntoAny for Option<T> {
    fn into_any(self) -> AnyView {
        self.map_or(AnyView::Nothing, T::into_any)
    }
}

impl<T: IntoAny> IntoAny for Vec<T> {
    fn into_any(self) -> AnyView {
        AnyView::Many(self.into_iter().map(T::into_any).collect())
    }
}

impl<T: IntoAny, const N: usize> IntoAny for [T; N] {
    fn into_any(self) -> AnyView {
        AnyView::Many(self.into_iter().map(T::into_any).collect())
    }
}

impl<F: Fn() -> T + 'static, T: IntoAny> IntoAny for F {
    fn into_any(self) -> AnyView {
        AnyView::Dynamic(Box::new(move || self().into_any()))
    }
}

macro_rules! texts {
    ($($number:ty),*) => {
        $(impl IntoAny for $number {
            fn into_any(self) -> AnyView {
                AnyView::Text(self.to_string())
            }
        })*
    };
}
texts!(&str, u16, usize);

pub trait CollectView {
    fn collect_view(self) -> AnyView;
}

impl<I: IntoIterator<Item = T>, T: IntoAny> CollectView for I {
    fn collect_view(self) -> AnyView {
        AnyView::Many(self.into_iter().map(T::into_any).collect())
    }
}

/// The value of an attribute or property.
pub enum Value {
    /// The attribute is not there.
    Absent,
    Flag,
    Text(String),
    Dynamic(Box<dyn Fn() -> Value>),
}

pub trait IntoValue {
    fn into_value(self) -> Value;
}

impl IntoValue for Value {
    fn into_value(self) -> Value {
        self
    }
}

impl IntoValue for bool {
    fn into_value(self) -> Value {
        if self { Value::Flag } else { Value::Absent }
    }
}

impl IntoValue for String {
    fn into_value(self) -> Value {
        Value::Text(self)
    }
}

impl IntoValue for &str {
    fn into_value(self) -> Value {
        Value::Text(self.into())
    }
}

impl IntoValue for f64 {
    fn into_value(self) -> Value {
        Value::Text(self.to_string())
    }
}

impl<T: IntoValue> IntoValue for Option<T> {
    fn into_value(self) -> Value {
        self.map_or(Value::Absent, T::into_value)
    }
}

impl<F: Fn() -> T + 'static, T: IntoValue> IntoValue for F {
    fn into_value(self) -> Value {
        Value::Dynamic(Box::new(move || self().into_value()))
    }
}

/// An event and what its listener is given.
pub struct On<E>(&'static str, PhantomData<E>);

macro_rules! events {
    ($($name:ident $event:literal $type:ident,)*) => {
        $(pub const $name: On<web_sys::$type> = On($event, PhantomData);)*
    };
}
events! {
    BLUR "blur" Event,
    CHANGE "change" Event,
    CLICK "click" MouseEvent,
    CONTEXTMENU "contextmenu" MouseEvent,
    DBLCLICK "dblclick" MouseEvent,
    DRAGOVER "dragover" Event,
    DROP "drop" DragEvent,
    FOCUSOUT "focusout" FocusEvent,
    HASHCHANGE "hashchange" Event,
    INPUT "input" Event,
    KEYDOWN "keydown" KeyboardEvent,
    MOUSEDOWN "mousedown" MouseEvent,
    POINTERCANCEL "pointercancel" PointerEvent,
    POINTERDOWN "pointerdown" PointerEvent,
    POINTERLEAVE "pointerleave" PointerEvent,
    POINTERMOVE "pointermove" PointerEvent,
    POINTERUP "pointerup" PointerEvent,
}

/// An element, once it is built.
pub struct NodeRef<T: 'static>(RwSignal<Option<T>>);

impl<T> Clone for NodeRef<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for NodeRef<T> {}

impl<T: JsCast + Clone> NodeRef<T> {
    pub fn new() -> Self {
        Self(RwSignal::new(None))
    }

    pub fn get(&self) -> Option<T> {
        self.0.get()
    }

    pub fn get_untracked(&self) -> Option<T> {
        self.0.get_untracked()
    }
}

pub struct El(Element);

fn document() -> Document {
    web_sys::window().and_then(|window| window.document()).expect("the page has a document")
}

const SVG: [&str; 4] = ["circle", "path", "svg", "text"];

pub fn el(tag: &'static str) -> El {
    let namespace = if SVG.contains(&tag) { "http://www.w3.org/2000/svg" } else { "http://www.w3.org/1999/xhtml" };
    El(document().create_element_ns(Some(namespace), tag).expect("the tag is a name"))
}

/// Writes a value now, and again whenever a signal that it reads changes.
fn follow(value: Value, write: impl Fn(&Value) + 'static) {
    fn keep(read: Box<dyn Fn() -> Value>, write: Box<dyn Fn(&Value)>) {
        let effect = RenderEffect::new(move |_| write(&read()));
        StoredValue::new_local(effect);
    }
    match value {
        Value::Dynamic(read) => keep(read, Box::new(write)),
        value => write(&value),
    }
}

impl El {
    pub fn attr(self, name: &'static str, value: impl IntoValue) -> Self {
        self.set_attr(name, value.into_value())
    }

    fn set_attr(self, name: &'static str, value: Value) -> Self {
        let element = self.0.clone();
        follow(value, move |value| {
            let _ = match value {
                Value::Text(text) => element.set_attribute(name, text),
                Value::Flag => element.set_attribute(name, ""),
                _ => element.remove_attribute(name),
            };
        });
        self
    }

    /// A class beside those of the attribute, which must not change then.
    pub fn class(self, name: &'static str, on: impl IntoValue) -> Self {
        let element = self.0.clone();
        follow(on.into_value(), move |on| {
            let _ = element.class_list().toggle_with_force(name, matches!(on, Value::Flag));
        });
        self
    }

    pub fn style(self, name: &'static str, value: impl IntoValue) -> Self {
        let element: web_sys::HtmlElement = self.0.clone().unchecked_into();
        follow(value.into_value(), move |value| {
            let _ = element.style().set_property(name, if let Value::Text(text) = value { text } else { "" });
        });
        self
    }

    pub fn prop(self, name: &'static str, value: impl IntoValue) -> Self {
        let element = self.0.clone();
        follow(value.into_value(), move |value| {
            if let Value::Text(text) = value {
                let _ = js_sys::Reflect::set(&element, &JsValue::from_str(name), &JsValue::from_str(text));
            }
        });
        self
    }

    /// Only for our own constant text, and for what is escaped: scenes.
    pub fn html(self, value: impl IntoValue) -> Self {
        let element = self.0.clone();
        follow(value.into_value(), move |value| {
            element.set_inner_html(if let Value::Text(text) = value { text } else { "" });
        });
        self
    }

    pub fn on<E: JsCast>(self, event: On<E>, mut act: impl FnMut(E) + 'static) -> Self {
        listen(&self.0, event.0, Box::new(move |event| act(event.unchecked_into())));
        self
    }

    pub fn node<T: JsCast + Clone>(self, node: NodeRef<T>) -> Self {
        node.0.set(Some(self.0.clone().unchecked_into()));
        self
    }

    pub fn child(self, child: impl IntoAny) -> Self {
        mount(child.into_any(), &self.0, None);
        self
    }
}

fn listen(target: &web_sys::EventTarget, event: &'static str, act: Box<dyn FnMut(web_sys::Event)>) {
    let act = Closure::wrap(act).into_js_value();
    let _ = target.add_event_listener_with_callback(event, act.unchecked_ref());
}

pub fn on_window<E: JsCast>(event: On<E>, mut act: impl FnMut(E) + 'static) {
    if let Some(window) = web_sys::window() {
        listen(&window, event.0, Box::new(move |event| act(event.unchecked_into())));
    }
}

/// Puts a view into an element, before one of its children or at its end.
pub fn mount(view: AnyView, parent: &Node, before: Option<&Node>) {
    match view {
        AnyView::Nothing => {}
        AnyView::Text(text) => insert(parent, &document().create_text_node(&text), before),
        AnyView::Node(node) => insert(parent, &node, before),
        AnyView::Many(views) => views.into_iter().for_each(|view| mount(view, parent, before)),
        AnyView::Dynamic(make) => {
            let (from, to) = (document().create_comment(""), document().create_comment(""));
            insert(parent, &from, before);
            insert(parent, &to, before);
            let effect = RenderEffect::new(move |_| {
                let view = make();
                let Some(parent) = to.parent_node() else { return };
                // A changed word is the same text node: nothing else moves.
                if let (AnyView::Text(text), Some(only)) = (&view, from.next_sibling())
                    && only.node_type() == Node::TEXT_NODE
                    && only.next_sibling().as_ref() == Some(to.as_ref())
                {
                    only.set_text_content(Some(text));
                    return;
                }
                while let Some(old) = from.next_sibling().filter(|old| old != AsRef::<Node>::as_ref(&to)) {
                    let _ = parent.remove_child(&old);
                }
                mount(view, &parent, Some(&to));
            });
            StoredValue::new_local(effect);
        }
    }
}

fn insert(parent: &Node, node: &Node, before: Option<&Node>) {
    let _ = parent.insert_before(node, before);
}

pub fn event_target<T: JsCast>(event: &web_sys::Event) -> T {
    event.target().expect("an event has a target").unchecked_into()
}

/// The element that listens, which may be around the target.
pub fn listener<T: JsCast>(event: &web_sys::Event) -> T {
    event.current_target().expect("an event that is heard has a listener").unchecked_into()
}

pub fn event_target_value(event: &web_sys::Event) -> String {
    let value = js_sys::Reflect::get(&event_target::<JsValue>(event), &JsValue::from_str("value"));
    value.ok().and_then(|value| value.as_string()).unwrap_or_default()
}

/// An effect of one type, whatever it does.
pub fn effect(act: impl FnMut() + 'static) {
    fn start(mut act: Box<dyn FnMut()>) {
        Effect::new(move |_| act());
    }
    start(Box::new(act));
}
