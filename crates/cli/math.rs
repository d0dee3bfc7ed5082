//! Presentation MathML as one line of plain Unicode.

/// The line: `x′ = x + ε sign ∇ₓℓ`. Knows the elements that cards use; the texts of others stand as they are.
pub fn line(mathml: &str) -> String {
    let mut reader = Reader { rest: mathml };
    joined(&reader.nodes())
}

/// A piece of the line and how it stands beside others.
#[derive(Clone, Debug)]
struct Piece {
    text: String,
    role: Role,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// A name, number or fence: beside others without a space, if it is short.
    Atom,
    /// A space on both sides, or on none where it is a sign.
    Operator,
    /// A space behind.
    Comma,
    Space,
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    /// Up to the closing tag of the element that these stand in, or to the end.
    fn nodes(&mut self) -> Vec<Piece> {
        let mut nodes = Vec::new();
        loop {
            let Some(at) = self.rest.find('<') else { return nodes };
            self.rest = &self.rest[at + 1..];
            let Some(end) = self.rest.find('>') else { return nodes };
            let tag = &self.rest[..end];
            self.rest = &self.rest[end + 1..];
            if tag.starts_with('/') {
                return nodes;
            }
            nodes.push(self.element(tag));
        }
    }

    fn element(&mut self, tag: &str) -> Piece {
        let name = tag.split_whitespace().next().unwrap_or_default().trim_end_matches('/');
        if tag.ends_with('/') {
            return Piece { text: String::new(), role: Role::Space };
        }
        match name {
            "mi" | "mn" | "mtext" => Piece { text: self.text(), role: Role::Atom },
            "mo" => operator(self.text()),
            "mspace" => {
                self.text();
                Piece { text: String::new(), role: Role::Space }
            }
            _ => {
                let inside = self.nodes();
                let part = |at: usize| inside.get(at).map_or("", |piece| piece.text.as_str());
                let text = match name {
                    "mfrac" => format!("{}/{}", grouped(part(0)), grouped(part(1))),
                    "msqrt" => format!("√({})", joined(&inside)),
                    "msub" | "munder" => below(part(0), part(1)),
                    "msup" | "mover" => above(part(0), part(1)),
                    "msubsup" | "munderover" => above(&below(part(0), part(1)), part(2)),
                    _ => joined(&inside),
                };
                Piece { text, role: Role::Atom }
            }
        }
    }

    /// The text of a leaf, its closing tag passed.
    fn text(&mut self) -> String {
        let (text, rest) = self.rest.split_once("</").unwrap_or((self.rest, ""));
        self.rest = rest.split_once('>').map_or("", |(_, rest)| rest);
        text.trim().replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    }
}

fn operator(text: String) -> Piece {
    let role = match text.as_str() {
        "," | ";" | ":" => Role::Comma,
        "(" | ")" | "[" | "]" | "{" | "}" | "|" | "‖" | "∇" | "∑" | "∏" | "′" => Role::Atom,
        _ => Role::Operator,
    };
    Piece { text, role }
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
            (None, _) | (_, Role::Comma | Role::Space) => false,
            (Some(last), _) if matches!(last.role, Role::Comma | Role::Space) => true,
            (Some(last), Role::Operator) => last.role != Role::Operator && !last.text.ends_with(OPENING),
            (Some(last), Role::Atom) if last.role == Role::Operator => out.contains(' '),
            (Some(last), Role::Atom) => {
                let fence = piece.text.len() == piece.text.chars().next().map_or(0, char::len_utf8)
                    && !piece.text.chars().all(char::is_alphanumeric);
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
