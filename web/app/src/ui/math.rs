//! Equations.

use leptos::{html, prelude::*};
use web_sys::{DomParser, Element, SupportedType};

const NAMESPACE: &str = "http://www.w3.org/1998/Math/MathML";

/// An equation, set by the browser.
#[component]
pub fn Equation(
    /// Presentation MathML: the inside of `<math>`.
    #[prop(into)]
    mathml: String,
    /// Whether it stands alone, with its sums and fractions in full size.
    #[prop(optional)]
    block: bool,
) -> impl IntoView {
    let host = NodeRef::<html::Div>::new();
    host.on_load(move |host| {
        if let Some(math) = parsed(&mathml, block) {
            let _ = host.append_child(&math);
        }
    });
    view! { <div class="equation" tabindex="0" node_ref=host></div> }
}

/// The element `<math>`; `None` if the text is not well-formed.
fn parsed(mathml: &str, block: bool) -> Option<Element> {
    let display = if block { "block" } else { "inline" };
    let text = format!(r#"<math xmlns="{NAMESPACE}" display="{display}">{mathml}</math>"#);
    let page = DomParser::new().ok()?.parse_from_string(&text, SupportedType::ApplicationXml).ok()?;
    let is_wrong = page.query_selector("parsererror").ok().flatten().is_some();
    page.document_element().filter(|_| !is_wrong)
}
