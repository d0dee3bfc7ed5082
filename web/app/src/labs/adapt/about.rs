//! A block about the adapter, or why there is none to speak of.

use super::{state::Layer, words};
use crate::ui::Block;
use leptos::prelude::*;

/// Heading and body of a fixed height.
#[component]
pub fn About(
    /// The selected layer.
    layer: Layer,
    /// The heading.
    title: &'static str,
    /// After the heading.
    sub: &'static str,
    /// What stands there if the layer has an adapter, or may get one.
    children: ChildrenFn,
) -> impl IntoView {
    let is_none = Memo::new(move |_| layer.has_none());
    let why = move || words::no_adapter(&layer.run.method_title(&layer.name.get()));
    view! {
        <Block title sub>
            <div class="chart" style="height:190px">
                <Show
                    when=move || !is_none.get()
                    fallback=move || view! { <p class="empty">{why}</p> }
                >
                    {children()}
                </Show>
            </div>
        </Block>
    }
}
