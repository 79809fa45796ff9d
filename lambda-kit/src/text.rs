//! Validation of one-line texts that users write, such as titles, tags and names.

/// Trims and validates a line: 1 to `max` characters, at least one of them visible, no control character, line break or
/// character that changes the direction of the text around it.
///
/// # Errors
/// The broken rule, worded to follow the name of the field.
pub fn one_line(text: &str, max: usize) -> Result<String, String> {
    let text = text.trim();
    let count = text.chars().count();
    if !(1..=max).contains(&count) {
        return Err(format!("must have 1 to {max} characters, this has {count}"));
    }
    if text.contains(|c: char| c.is_control() || is_line_break(c)) {
        return Err("must be one line without control characters".to_owned());
    }
    if text.contains(is_bidi_control) {
        return Err("must hold no character that turns the direction of writing".to_owned());
    }
    if !text.contains(is_visible) {
        return Err("must have a character that can be seen".to_owned());
    }
    Ok(text.to_owned())
}

/// Whether the character breaks a line without being a control character.
#[must_use]
pub fn is_line_break(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}')
}

/// Whether the character changes the direction of the text that follows it. Right-to-left languages do not need it.
///
/// Source: <https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters>
#[must_use]
pub fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a reader can see the character.
#[must_use]
pub fn is_visible(c: char) -> bool {
    !(c.is_control() || c.is_whitespace() || is_ignorable(c))
}

/// Whether the character is invisible: Unicode's default ignorable characters and the empty Braille pattern. Some of them
/// join visible characters, in emoji for example, so a text may contain them beside visible ones.
///
/// Source: <https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt>, `Default_Ignorable_Code_Point`
#[must_use]
pub fn is_ignorable(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_trimmed_and_bounded_in_characters() {
        assert_eq!(one_line("  Buy milk ", 8).unwrap(), "Buy milk");
        assert!(one_line("üüü", 3).is_ok() && one_line("üüü", 2).is_err() && one_line(" \t ", 3).is_err());
    }

    #[test]
    fn line_breaks_and_control_characters_are_refused() {
        for lines in ["two\nlines", "a\0b", "a\u{85}b", "a\u{2028}b", "a\u{2029}b"] {
            assert!(one_line(lines, 20).is_err(), "{lines:?}");
        }
    }

    #[test]
    fn an_invisible_line_is_refused() {
        for hidden in ["\u{200b}", "\u{feff}", "\u{3164}", "\u{2800} \u{2800}", "\u{fe0f}", "\u{e0041}", "\u{200d}"] {
            assert!(one_line(hidden, 20).is_err(), "{hidden:?}");
        }
    }

    #[test]
    fn bidirectional_controls_are_refused_and_right_to_left_text_is_accepted() {
        assert!(one_line("gpj.\u{202e}exe", 20).is_err() && one_line("\u{2067}x\u{2069}", 20).is_err());
        for right_to_left in ["مرحبا بالعالم", "שלום\u{200f}!", "می\u{200c}خواهم"] {
            assert_eq!(one_line(right_to_left, 20).unwrap(), right_to_left);
        }
    }

    #[test]
    fn joined_emoji_are_accepted() {
        for emoji in ["👩\u{200d}👩\u{200d}👧", "❤\u{fe0f}", "1\u{fe0f}\u{20e3}", "🏴\u{e0067}\u{e0062}\u{e007f}"]
        {
            assert_eq!(one_line(emoji, 20).unwrap(), emoji);
        }
    }
}
