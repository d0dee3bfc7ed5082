//! Icons, 24 × 24.

use leptos::prelude::*;

/// What an icon shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    Chevron,
    Close,
    Copy,
    Dots,
    Help,
    Less,
    Moon,
    More,
    Pause,
    Play,
    Reset,
    Save,
    Search,
    Share,
    Sliders,
    Step,
    Stop,
    Sun,
    Table,
    Warning,
}

impl Icon {
    const fn path(self) -> &'static str {
        match self {
            Self::Chevron => "M9 6l6 6-6 6",
            Self::Close => "M6 6l12 12M18 6L6 18",
            Self::Copy => "M9 9h10v11H9zM15 9V4H5v11h4",
            Self::Dots => "M4 10.5h3v3H4zM10.5 10.5h3v3h-3zM17 10.5h3v3h-3z",
            Self::Help => "M9 9a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.1-1.5 2.4M12 17.6v.4",
            Self::Less => "M6 12h12",
            Self::Moon => "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z",
            Self::More => "M12 5v14M5 12h14",
            Self::Pause => "M6 4h4.5v16H6zM13.5 4H18v16h-4.5z",
            Self::Play => "M7 4.5v15l13-7.5z",
            Self::Reset => "M4 4v6h6M4.5 10A8 8 0 1 1 4 14",
            Self::Save => "M12 4v11m0 0l-4-4m4 4l4-4M5 19h14",
            Self::Search => "M17 11a6 6 0 1 1-12 0 6 6 0 0 1 12 0zM16 16l4.5 4.5",
            Self::Share => "M12 15V3m0 0L8 7m4-4l4 4M5 12v8h14v-8",
            Self::Sliders => {
                "M4 7h9M17 7h3M4 17h3M11 17h9M17 7a2 2 0 1 1-4 0 2 2 0 0 1 4 0zM11 17a2 2 0 1 1-4 0 2 2 0 0 1 4 0z"
            }
            Self::Step => "M5 4.5v15l10-7.5zM17 4.5h3v15h-3z",
            Self::Stop => "M5 5h14v14H5z",
            Self::Sun => {
                "M16 12a4 4 0 1 1-8 0 4 4 0 0 1 8 0zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6L19 19\
                 M5 19l1.4-1.4M17.6 6.4L19 5"
            }
            Self::Table => "M4 5h16v14H4zM4 10h16M4 14.5h16M10 5v14",
            Self::Warning => "M12 4l9 16H3zM12 10v4M12 17v.4",
        }
    }

    const fn is_solid(self) -> bool {
        matches!(self, Self::Dots | Self::Pause | Self::Play | Self::Step | Self::Stop)
    }
}

/// The icon as a picture in the colour of the text around it; it says nothing to a screen reader.
#[component]
pub fn Glyph(
    /// Which one.
    #[prop(into)]
    icon: Signal<Icon>,
) -> impl IntoView {
    let class = move || if icon.get().is_solid() { "icon solid" } else { "icon" };
    view! {
        <svg class=class viewBox="0 0 24 24" aria-hidden="true">
            <path d=move || icon.get().path() />
        </svg>
    }
}
