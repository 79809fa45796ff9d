//! Changing the white space of JSON without changing the notation of any value.

/// JSON with one value a line.
#[must_use]
pub fn pretty(text: &str) -> String {
    let mut out = String::new();
    let (mut depth, mut strings) = (0_usize, StringTracker::default());
    let new_line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    let text = compact(text);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let is_text = strings.push(character);
        match character {
            '{' | '[' if !is_text => {
                out.push(character);
                if let Some(end) = characters.next_if(|next| matches!(next, '}' | ']')) {
                    out.push(end);
                } else {
                    depth += 1;
                    new_line(&mut out, depth);
                }
            }
            '}' | ']' if !is_text => {
                depth = depth.saturating_sub(1);
                new_line(&mut out, depth);
                out.push(character);
            }
            ',' if !is_text => {
                out.push(character);
                new_line(&mut out, depth);
            }
            ':' if !is_text => out.push_str(": "),
            _ => out.push(character),
        }
    }
    out
}

/// JSON without white space between values.
#[must_use]
pub fn compact(text: &str) -> String {
    let mut strings = StringTracker::default();
    text.chars().filter(|character| strings.push(*character) || !character.is_ascii_whitespace()).collect()
}

/// Tracks whether a character of a JSON text is inside a string.
#[derive(Default)]
struct StringTracker {
    is_inside: bool,
    is_escaped: bool,
}

impl StringTracker {
    fn push(&mut self, character: char) -> bool {
        let was_inside = self.is_inside;
        match character {
            _ if self.is_escaped => self.is_escaped = false,
            '\\' if self.is_inside => self.is_escaped = true,
            '"' => self.is_inside = !self.is_inside,
            _ => {}
        }
        was_inside
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn pretty_json_is_the_same_json() {
        let text = r#"{"a":[],"b":{},"c":[1,{"d":"x: , {} \\\""}],"e":null}"#;
        assert_eq!(compact(&pretty(text)), text);
        let value: Value = serde_json::from_str(text).unwrap();
        assert_eq!(pretty(text), format!("{value:#}"));
    }
}
