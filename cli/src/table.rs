//! Tables: columns as wide as what is in them, the last one as long as it is.

use crate::output::style::{BOLD, PLAIN};

/// The longest cell but the last, in characters.
const WIDEST: usize = 40;

/// The longest last cell, in characters.
const LONGEST: usize = 100;

/// A table with a heading.
pub(crate) fn table<const N: usize>(heading: [&str; N], rows: &[[String; N]]) -> String {
    let rows: Vec<Vec<String>> = rows.iter().map(|row| cut(row)).collect();
    let mut widths: Vec<usize> = heading.iter().map(|cell| length(cell)).collect();
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(length(cell));
        }
    }
    let heading: Vec<String> = heading.iter().map(|&cell| cell.to_owned()).collect();
    let mut lines = vec![format!("{BOLD}{}{PLAIN}", line(&heading, &widths))];
    lines.extend(rows.iter().map(|row| line(row, &widths)));
    lines.join("\n")
}

fn cut(row: &[String]) -> Vec<String> {
    let last = row.len().saturating_sub(1);
    let most = |column| if column == last { LONGEST } else { WIDEST };
    let cells = row.iter().enumerate();
    cells.map(|(at, cell)| shortened(cell, most(at))).collect()
}

fn line(row: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (cell, width) in row.iter().zip(widths) {
        line.push_str(cell);
        let missing = width.saturating_sub(length(cell)) + 2;
        line.extend(std::iter::repeat_n(' ', missing));
    }
    line.trim_end().to_owned()
}

fn length(cell: &str) -> usize {
    cell.chars().count()
}

/// A text on one line, with at most so many characters.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(most) {
        None => text,
        Some(_) => text
            .chars()
            .take(most.saturating_sub(1))
            .chain(['…'])
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_long_cells_are_cut() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned);
        let long = "x".repeat(200);
        let text = table(
            ["ID", "WHAT", "MESSAGE"],
            &[row(["a", "ä", "one\ntwo"]), row(["abc", &long, &long])],
        );
        let text = text.replace(BOLD, "").replace(PLAIN, "");
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[1].find('ä'), Some(5));
        assert!(lines[1].ends_with("one two"), "{text}");
        assert_eq!(lines[2].chars().count(), 3 + 2 + WIDEST + 2 + LONGEST);
        assert!(lines[2].ends_with('…'));
    }
}
