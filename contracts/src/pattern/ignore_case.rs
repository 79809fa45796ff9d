//! Comparison that ignores the case of characters.
//!
//! As EventBridge does it, each character of the pattern stands for itself in either case, whatever their lengths:
//! `ß` in a pattern matches `ß` and `SS`. A character's two forms never begin or end alike, so no choice is regretted.
//!
//! Beyond the basic plane event-ruler takes each half of a surrogate pair by itself and makes a question mark of it
//! (`EqualsIgnoreCaseParser`): such a character in a pattern matches `??` alone. The guide does not mention it. It is
//! followed, because a rule that is believed to match and gets nothing does more harm than one that is refused.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>

use std::str::Chars;

pub(super) fn equals(value: &str, wanted: &str) -> bool {
    rest_after(value, wanted).is_some_and(|mut rest| rest.next().is_none())
}

pub(super) fn starts_with(value: &str, prefix: &str) -> bool {
    rest_after(value, prefix).is_some()
}

pub(super) fn ends_with(value: &str, suffix: &str) -> bool {
    let mut rest = value.chars().rev();
    characters(suffix).rev().all(|wanted| {
        let found = strip(&rest, wanted.to_lowercase().rev()).or_else(|| strip(&rest, wanted.to_uppercase().rev()));
        found.is_some_and(|shorter| {
            rest = shorter;
            true
        })
    })
}

fn rest_after<'a>(value: &'a str, prefix: &str) -> Option<Chars<'a>> {
    let mut rest = value.chars();
    for wanted in characters(prefix) {
        rest = strip(&rest, wanted.to_lowercase()).or_else(|| strip(&rest, wanted.to_uppercase()))?;
    }
    Some(rest)
}

/// The characters of a pattern as event-ruler sees them.
fn characters(text: &str) -> impl DoubleEndedIterator<Item = char> {
    text.encode_utf16().collect::<Vec<_>>().into_iter().map(|unit| char::from_u32(unit.into()).unwrap_or('?'))
}

/// What is left of `value` when it begins with `form`.
fn strip<I: Iterator<Item = char> + Clone>(value: &I, form: impl Iterator<Item = char>) -> Option<I> {
    let mut rest = value.clone();
    for wanted in form {
        if rest.next()? != wanted {
            return None;
        }
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_character_beyond_the_basic_plane_is_two_question_marks() {
        assert!(!super::equals("😀", "😀") && super::equals("??", "😀"));
        assert!(super::starts_with("A??b", "a😀") && super::ends_with("x??B", "😀b") && super::equals("Ü", "ü"));
    }

    #[test]
    fn lower_and_upper_case_of_a_character_share_no_first_or_last_character() {
        for character in '\0'..=char::MAX {
            let (lower, upper) = (character.to_lowercase(), character.to_uppercase());
            if lower.clone().ne(upper.clone()) {
                assert_ne!(lower.clone().next(), upper.clone().next(), "{character}");
                assert_ne!(lower.clone().next_back(), upper.clone().next_back(), "{character}");
            }
        }
    }
}
