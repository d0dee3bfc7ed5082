//! The methods that are found.

use super::{choosing::Choosing, query::ListOrder};
use crate::{
    pages::card,
    run::catalogue,
    ui::{Select, SelectOption},
};
use leptos::prelude::*;

const SORTS: [(ListOrder, &str); 2] = [(ListOrder::Newest, "newest first"), (ListOrder::Name, "A to Z")];

/// A method's place in the list and its id.
type Placed = (usize, &'static str);

/// Good first choices, then all others.
#[component]
pub fn List(
    /// The search.
    choosing: Choosing,
) -> impl IntoView {
    let firsts = Memo::new(move |_| {
        choosing.found.with(|(ids, firsts)| ids.iter().copied().enumerate().take(*firsts).collect::<Vec<_>>())
    });
    let rest = Memo::new(move |_| {
        choosing.found.with(|(ids, firsts)| ids.iter().copied().enumerate().skip(*firsts).collect::<Vec<_>>())
    });
    let name = move || match (choosing.query.with(|query| !query.words.trim().is_empty()), firsts.with(Vec::len)) {
        (true, _) => "Found",
        (false, 0) => "All",
        _ => "All others",
    };
    let sort = move |words: String| {
        if let Some((sort, _)) = SORTS.iter().find(|(_, known)| *known == words) {
            choosing.ask(|query| query.sort = *sort);
        }
    };
    let sorts = SORTS.iter().map(|(_, words)| SelectOption::new(*words, *words)).collect::<Vec<_>>();
    view! {
        <div class="choices">
            <Select label="Order" options=sorts choose=sort />
            <div role="listbox" id="choices" aria-label="Methods">
                <Group choosing name="Good first choices" items=firsts />
                <Group choosing name=Signal::derive(name) items=rest />
            </div>
            <p class="empty" hidden=move || !choosing.found.with(|(ids, _)| ids.is_empty())>
                "No method by that name. Try a paper title or a year."
            </p>
        </div>
    }
}

/// Methods under a heading; nothing where there are none.
#[component]
fn Group(
    /// The search.
    choosing: Choosing,
    /// The heading.
    #[prop(into)]
    name: Signal<&'static str>,
    /// From top to bottom.
    items: Memo<Vec<Placed>>,
) -> impl IntoView {
    view! {
        <Show when=move || !items.with(Vec::is_empty)>
            <ul role="group" aria-label=move || name.get()>
                <For each=move || items.get() key=|item| *item let((place, id))>
                    <Item choosing place id />
                </For>
            </ul>
        </Show>
    }
}

#[component]
fn Item(
    /// The search.
    choosing: Choosing,
    /// In the list.
    place: usize,
    /// The method.
    id: &'static str,
) -> impl IntoView {
    let method = catalogue().method(id)?;
    let (title, year) = (method.card.title.as_str(), method.card.year);
    let refusal = choosing.refusal(method);
    let is_refused = refusal.is_some();
    let title = move || {
        let [before, found, after] = choosing.query.with(|query| found_in(title, &query.words));
        view! {
            {before}
            {(!found.is_empty()).then(|| view! { <mark>{found}</mark> })}
            {after}
        }
    };
    Some(view! {
        <li
            role="option"
            id=format!("choice-{place}")
            aria-selected=move || (choosing.picked.get() == Some(id)).to_string()
            aria-disabled=is_refused.then_some("true")
            on:click=move |_| choosing.at.set(place)
            on:dblclick=move |_| choosing.take(id, false)
        >
            <b>{title}</b>
            <span class="year">{year}</span>
            <span class="summary">
                {move || refusal.clone().unwrap_or_else(|| card::summary(choosing.known(), id))}
            </span>
        </li>
    })
}

/// A title in three: before the first searched word, the word, and after it. Titles with other letters than ASCII stay
/// whole, for lower case may have another length there.
fn found_in<'a>(title: &'a str, words: &str) -> [&'a str; 3] {
    let word = words.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
    let at = title.to_ascii_lowercase().find(&word).filter(|_| !word.is_empty() && title.is_ascii());
    match at {
        Some(from) => [&title[..from], &title[from..from + word.len()], &title[from + word.len()..]],
        None => [title, "", ""],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_searched_word_is_found_in_a_title() {
        assert_eq!(found_in("Auto-PGD, L2", " pgd l2"), ["Auto-", "PGD", ", L2"]);
        assert_eq!(found_in("SalUn", "2024"), ["SalUn", "", ""]);
        assert_eq!(found_in("SalUn", " "), ["SalUn", "", ""]);
        assert_eq!(found_in("PGD, L∞", "pgd"), ["PGD, L∞", "", ""]);
    }
}
