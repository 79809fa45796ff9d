//! JSON with other spaces between its values, each of which stays as it is written.

/// JSON with a line for each value, every one as it is written.
#[must_use]
pub fn laid_out(text: &str) -> String {
    let mut out = String::new();
    let (mut depth, mut quotes) = (0_usize, Quotes::default());
    let new_line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    let text = compact(text);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let is_text = quotes.take(character);
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

/// JSON without spaces between values, every value as it is written.
#[must_use]
pub fn compact(text: &str) -> String {
    let mut quotes = Quotes::default();
    text.chars().filter(|character| quotes.take(*character) || !character.is_ascii_whitespace()).collect()
}

/// Whether a character of a JSON text is inside a string.
#[derive(Default)]
struct Quotes {
    is_inside: bool,
    is_escaped: bool,
}

impl Quotes {
    fn take(&mut self, character: char) -> bool {
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
    fn laid_out_json_is_the_same_json() {
        let text = r#"{"a":[],"b":{},"c":[1,{"d":"x: , {} \\\""}],"e":null}"#;
        assert_eq!(compact(&laid_out(text)), text);
        let value: Value = serde_json::from_str(text).unwrap();
        assert_eq!(laid_out(text), format!("{value:#}"));
    }
}
