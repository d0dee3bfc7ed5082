//! Words on a terminal.

use comfy_table::{CellAlignment, TableComponent, presets::NOTHING};
use report::keys::KEYS;
use std::io::{self, Write};
use textwrap::{Options, WordSplitter};

/// Columns of running text.
const WIDTH: usize = 96;

/// One line with plain spaces, so that a search for `98.3 %` finds it. A name from a file must not move the cursor,
/// colour the screen, or turn the direction of the text.
pub fn plain(text: &str) -> String {
    const TURNS: [std::ops::RangeInclusive<char>; 3] =
        ['\u{200b}'..='\u{200f}', '\u{2028}'..='\u{202e}', '\u{2066}'..='\u{2069}'];
    let turns = |character: &char| TURNS.iter().any(|range| range.contains(character));
    let is_shown = |character: &char| !character.is_control() && !turns(character);
    let spaced = report::figure::plain_spaces(text);
    spaced.chars().map(|character| if is_shown(&character) { character } else { '\u{fffd}' }).collect()
}

/// Writes to standard output at once; an error is a reader that went away, or a full disk.
pub fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Lines of at most [`WIDTH`] columns, each after `indent` spaces; ids and addresses stay whole.
pub fn wrapped(text: &str, indent: usize) -> String {
    let indent = " ".repeat(indent);
    let options = Options::new(WIDTH)
        .initial_indent(&indent)
        .subsequent_indent(&indent)
        .break_words(false)
        .word_splitter(WordSplitter::NoHyphenation);
    let words: Vec<&str> = text.split_whitespace().collect();
    textwrap::fill(&words.join(" "), options) + "\n"
}

/// A line on standard error. Nothing is to be done where it cannot be written: the run and its results are worth more.
pub fn tell(kind: &str, message: &str) {
    let _ = writeln!(io::stderr(), "{kind}: {}", plain(message));
}

/// Every key of a run file, with what it says.
pub fn keys() -> String {
    let mut out = String::from("Keys of a run file (TOML or JSON)\n");
    for key in KEYS {
        out.push_str(&format!("  {}\n{}", key.key, wrapped(key.help, 6)));
    }
    out
}

/// Aligned columns: words to the left, figures to the right.
pub fn table(table: &report::Table) -> String {
    let plain = |line: &Vec<String>| line.iter().map(|cell| plain(cell)).collect::<Vec<_>>();
    let mut lines = comfy_table::Table::new();
    lines
        .load_preset(NOTHING)
        .set_style(TableComponent::HeaderLines, '─')
        .set_header(plain(&table.head))
        .add_rows(table.rows.iter().map(plain));
    for (at, column) in lines.column_iter_mut().enumerate() {
        column.set_padding((if at == 0 { 0 } else { 2 }, 0));
        column.set_cell_alignment(if at < table.left { CellAlignment::Left } else { CellAlignment::Right });
    }
    lines.trim_fmt() + "\n"
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_terminal_table_is_aligned() {
        let mut table = report::Table::new(1, ["Method", "UA, %"]);
        table.rows.push(vec!["SalUn\u{1b}[2J".into(), "97.2 ± 1.1".into()]);
        table.rows.push(vec!["FT".into(), "3.0".into()]);
        let lines: Vec<String> = super::table(&table).lines().map(String::from).collect();
        assert_eq!(lines[0], "Method          UA, %");
        assert_eq!(lines[2], "SalUn\u{fffd}[2J  97.2 ± 1.1");
        assert_eq!(lines[3], "FT                3.0");
        assert_eq!(lines[1].chars().count(), 21);
    }

    #[test]
    fn a_search_finds_a_figure() {
        assert_eq!(super::plain("96.1\u{202f}% in 4\u{a0}s\u{202e}"), "96.1 % in 4 s\u{fffd}");
    }

    #[test]
    fn columns_are_as_wide_as_their_signs() {
        let mut table = report::Table::new(1, ["Run", "TA"]);
        table.rows.push(vec!["字".into(), "1".into()]);
        assert_eq!(super::table(&table), "Run  TA\n───────\n字    1\n");
    }
}
