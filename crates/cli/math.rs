//! Presentation MathML as one line of plain Unicode.

use roxmltree::{Document, Node};

/// The line: `x′ = x + ε sign ∇ₓℓ`. `mathml` is the inside of `<math>`.
pub fn line(mathml: &str) -> Result<String, roxmltree::Error> {
    let math = format!("<math>{mathml}</math>");
    Ok(joined(&pieces(Document::parse(&math)?.root_element())))
}

/// A piece of the line, and how it is spaced from its neighbours.
struct Piece {
    text: String,
    role: PieceRole,
}

/// How a piece is spaced.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PieceRole {
    /// A name, number or bracket: no space between two short ones, a space beside a name of several letters.
    Atom,
    /// A space on both sides; none behind a sign, as in `−x`.
    Operator,
    /// A comma, or a space that the equation asks for: a space behind it, none before it.
    Comma,
}

/// Rows are taken apart; every other element is one piece.
fn pieces(node: Node) -> Vec<Piece> {
    let row = || node.children().flat_map(pieces).collect::<Vec<_>>();
    let part = |at: usize| node.children().nth(at).map_or_else(String::new, |part| joined(&pieces(part)));
    let text = match node.tag_name().name() {
        "math" | "mrow" => return row(),
        "mspace" if !node.has_attribute("width") => return Vec::new(),
        "mfrac" => format!("{}/{}", grouped(&part(0)), grouped(&part(1))),
        "msqrt" => format!("√({})", joined(&row())),
        "msub" | "munder" => below(&part(0), &part(1)),
        "msup" | "mover" => above(&part(0), &part(1)),
        "msubsup" | "munderover" => above(&below(&part(0), &part(1)), &part(2)),
        _ => node.text().unwrap_or_default().into(),
    };
    let role = match (node.tag_name().name(), text.as_str()) {
        ("mspace", _) | ("mo", "," | ";" | ":") => PieceRole::Comma,
        ("mo", "(" | ")" | "[" | "]" | "{" | "}" | "|" | "‖" | "∑" | "∏" | "′") => PieceRole::Atom,
        ("mo", word) if !word.starts_with(char::is_alphabetic) => PieceRole::Operator,
        _ => PieceRole::Atom,
    };
    vec![Piece { text, role }]
}

fn joined(pieces: &[Piece]) -> String {
    const OPENING: [char; 3] = ['(', '[', '{'];
    const CLOSING: [char; 3] = [')', ']', '}'];
    let mut out = String::new();
    // A name of several letters keeps apart from its neighbours; so do a sum and an index that is not set low.
    let letters = |text: &str| text.chars().filter(|letter| letter.is_alphanumeric()).count();
    let long = |text: &str| text.contains('_') || text.starts_with('∑') || (letters(text) > 1 && !set_low(text));
    let mut before: Option<&Piece> = None;
    for piece in pieces {
        let space = match (before, piece.role) {
            (None, _) | (_, PieceRole::Comma) => false,
            (Some(last), _) if last.role == PieceRole::Comma => true,
            (Some(last), PieceRole::Operator) => last.role != PieceRole::Operator && !last.text.ends_with(OPENING),
            (Some(last), PieceRole::Atom) if last.role == PieceRole::Operator => out.contains(' '),
            (Some(last), PieceRole::Atom) => {
                let fence = piece.text.chars().count() == 1 && !piece.text.chars().all(char::is_alphanumeric);
                let opened = last.text.ends_with(OPENING) || ["|", "‖"].contains(&last.text.as_str());
                !opened && !fence && !piece.text.starts_with(CLOSING) && (long(&last.text) || long(&piece.text))
            }
        };
        if space && !out.ends_with(' ') {
            out.push(' ');
        }
        out.push_str(&piece.text);
        before = Some(piece);
    }
    out
}

/// Whether this is one letter with small digits or letters around it.
fn set_low(text: &str) -> bool {
    text.chars().skip(1).all(|letter| LOW.1.contains(letter) || HIGH.1.contains(letter))
}

fn grouped(text: &str) -> String {
    if text.contains(' ') { format!("({text})") } else { text.into() }
}

fn below(base: &str, index: &str) -> String {
    match small(LOW, index) {
        Some(small) => format!("{base}{small}"),
        None if index.chars().count() == 1 || index.chars().all(char::is_alphanumeric) => format!("{base}_{index}"),
        None => format!("{base}_{{{index}}}"),
    }
}

fn above(base: &str, exponent: &str) -> String {
    match small(HIGH, exponent) {
        Some(small) => format!("{base}{small}"),
        None if exponent.chars().count() == 1 => format!("{base}^{exponent}"),
        None => format!("{base}^{{{exponent}}}"),
    }
}

/// Every character in its small form, if all have one.
fn small((full, small): (&str, &str), text: &str) -> Option<String> {
    let find = |letter: char| full.chars().zip(small.chars()).find(|(full, _)| *full == letter).map(|(_, small)| small);
    text.chars().filter(|letter| !letter.is_whitespace()).map(find).collect()
}

const LOW: (&str, &str) = ("0123456789+−=()aehijklmnoprstuvxβρ", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵨ");
const HIGH: (&str, &str) = ("0123456789+−Tn′", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ᵀⁿ′");
