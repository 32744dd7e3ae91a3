//! What a child tells in words of its own, made fit for a terminal, a table and a file.

use crate::worker::protocol::LONGEST_TEXT;

/// `text` without control characters, each of which becomes a blank, and cut off after [`LONGEST_TEXT`] characters.
pub(super) fn cleaned(text: &str) -> String {
    text.chars().take(LONGEST_TEXT).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_of_a_child_rules_the_terminal_or_fills_it() {
        assert_eq!(cleaned("a\n\u{1b}[31mred|<b>\u{9b}2J\t\u{7f}ü"), "a  [31mred|<b> 2J  ü");
        assert_eq!(cleaned(&"ü".repeat(200_000)), "ü".repeat(LONGEST_TEXT));
    }
}
