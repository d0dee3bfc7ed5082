//! What the browser keeps of finished work, beside the rows of the table.

use crate::{
    run::{Kept, Run},
    ui::Button,
};
use leptos::prelude::*;
use report::figure::fixed;

/// One line, and how all of it goes; nothing where nothing is kept.
#[component]
pub fn KeptWork() -> impl IntoView {
    let run = Run::get();
    let line = move |kept: Kept| {
        view! {
            <p class="sub">
                {words(kept)} " "
                <Button class="link" press=move || run.engine.clear_store()>
                    "Delete these files"
                </Button>
            </p>
        }
    };
    move || run.kept.get().filter(|kept| kept.works > 0).map(line)
}

fn words(kept: Kept) -> String {
    let files = match kept.works {
        1 => "one file".into(),
        works => format!("{} files", fixed(works as f64, 0)),
    };
    format!(
        "Finished layers are kept in this browser too, so that none is trained twice: {files}, {} of at most {}.",
        size(kept.bytes),
        size(kept.room)
    )
}

/// "3.1 MB", "1.2 GB".
fn size(bytes: f64) -> String {
    match bytes {
        ..1e6 => format!("{}\u{202f}kB", fixed((bytes / 1e3).ceil(), 0)),
        ..1e9 => format!("{}\u{202f}MB", fixed(bytes / 1e6, 1)),
        _ => format!("{}\u{202f}GB", fixed(bytes / 1e9, 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_their_units() {
        let sizes = [0.0, 1.0, 999_999.0, 3.14e6, 1.25e9].map(size);
        assert_eq!(sizes, ["0 kB", "1 kB", "1,000 kB", "3.1 MB", "1.3 GB"].map(|size| size.replace(' ', "\u{202f}")));
    }
}
