//! Lines that people write and others read: titles, tags and names.

/// The line, without white space around it, if it is one that others can read: 1 to `max` characters, one of which can be
/// seen, no control character or line break, and none that turns the direction of what stands beside it.
///
/// # Errors
/// Says which rule it breaks, to follow the name of the field.
pub fn one_line(text: &str, max: usize) -> Result<String, String> {
    let text = text.trim();
    let count = text.chars().count();
    if !(1..=max).contains(&count) {
        return Err(format!("must have 1 to {max} characters, this has {count}"));
    }
    if text.contains(|c: char| c.is_control() || is_line_break(c)) {
        return Err("must be one line without control characters".to_owned());
    }
    if text.contains(turns) {
        return Err("must hold no character that turns the direction of writing".to_owned());
    }
    if !text.contains(is_seen) {
        return Err("must have a character that can be seen".to_owned());
    }
    Ok(text.to_owned())
}

/// Whether this breaks a line, although it is no control character.
#[must_use]
pub fn is_line_break(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}')
}

/// Whether this makes what stands beside it run the other way, until another such character. Languages that run from right
/// to left do without.
///
/// Source: <https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters>
#[must_use]
pub fn turns(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a reader sees anything of this character.
#[must_use]
pub fn is_seen(c: char) -> bool {
    !(c.is_control() || c.is_whitespace() || takes_no_room(c))
}

/// Whether this takes no room, or is as good as a blank: what Unicode says may be ignored, and the empty Braille pattern.
/// Some of it joins emoji and letters of words, so that it is only hidden where nothing else is seen.
///
/// Source: <https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt>, `Default_Ignorable_Code_Point`
#[must_use]
pub fn takes_no_room(c: char) -> bool {
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
    fn a_line_is_one() {
        for lines in ["two\nlines", "a\0b", "a\u{85}b", "a\u{2028}b", "a\u{2029}b"] {
            assert!(one_line(lines, 20).is_err(), "{lines:?}");
        }
    }

    #[test]
    fn a_line_can_be_seen() {
        for hidden in ["\u{200b}", "\u{feff}", "\u{3164}", "\u{2800} \u{2800}", "\u{fe0f}", "\u{e0041}", "\u{200d}"] {
            assert!(one_line(hidden, 20).is_err(), "{hidden:?}");
        }
    }

    #[test]
    fn a_line_runs_as_its_characters_do() {
        assert!(one_line("gpj.\u{202e}exe", 20).is_err() && one_line("\u{2067}x\u{2069}", 20).is_err());
        for right_to_left in ["مرحبا بالعالم", "שלום\u{200f}!", "می\u{200c}خواهم"] {
            assert_eq!(one_line(right_to_left, 20).unwrap(), right_to_left);
        }
    }

    #[test]
    fn emoji_that_are_joined_stay_so() {
        for emoji in ["👩\u{200d}👩\u{200d}👧", "❤\u{fe0f}", "1\u{fe0f}\u{20e3}", "🏴\u{e0067}\u{e0062}\u{e007f}"]
        {
            assert_eq!(one_line(emoji, 20).unwrap(), emoji);
        }
    }
}
