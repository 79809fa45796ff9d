//! Times in the form of RFC 3339. Other forms are rejected, because other programs read them differently or not at all.

use jiff::Timestamp;

/// The form of a date and time, where `0` stands for any digit.
const DATE_TIME: &[u8] = b"0000-00-00T00:00:00";
/// How many digits of a second [`Timestamp`] keeps; RFC 3339 allows more.
const MAX_DIGITS: usize = 9;

/// Parses a time such as `2026-12-24T18:00:00.5+01:00`.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc3339#section-5.6>
pub(super) fn parse_rfc3339(text: &str) -> Option<Timestamp> {
    let (date_time, rest) = text.split_at_checked(DATE_TIME.len())?;
    let (fraction, offset) = fraction(rest)?;
    if !has_form(date_time, DATE_TIME) || !is_offset(offset) {
        return None;
    }
    format!("{date_time}{fraction}{offset}").parse().ok()
}

/// The fraction of a second with its dot, cut to the digits that are kept, and what follows it.
fn fraction(rest: &str) -> Option<(&str, &str)> {
    let Some(digits) = rest.strip_prefix('.') else {
        return Some(("", rest));
    };
    let count = digits.bytes().take_while(u8::is_ascii_digit).count();
    let (_, offset) = digits.split_at_checked(count)?;
    (count > 0).then_some((rest.get(..=count.min(MAX_DIGITS))?, offset))
}

/// An offset has no more hours than a day and no more minutes than an hour.
fn is_offset(text: &str) -> bool {
    let is_utc = text.eq_ignore_ascii_case("z");
    is_utc || (has_form(text, b"+00:00") && text.get(1..3) < Some("24") && text.get(4..) < Some("60"))
}

fn has_form(text: &str, form: &[u8]) -> bool {
    let fits = |(byte, form): (u8, &u8)| match form {
        b'0' => byte.is_ascii_digit(),
        b'+' => matches!(byte, b'+' | b'-'),
        other => byte.eq_ignore_ascii_case(other),
    };
    text.len() == form.len() && text.bytes().zip(form).all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_rfc_3339_are_parsed() {
        for (text, read) in [
            ("2026-12-24T18:00:00Z", "2026-12-24T18:00:00Z"),
            ("2026-12-24t18:00:00z", "2026-12-24T18:00:00Z"),
            ("2026-12-24T18:00:00.5Z", "2026-12-24T18:00:00.5Z"),
            ("2026-12-24T18:00:00.123456789123Z", "2026-12-24T18:00:00.123456789Z"),
            ("2026-12-24T23:30:00-05:30", "2026-12-25T05:00:00Z"),
            ("2026-12-24T18:00:00+23:59", "2026-12-23T18:01:00Z"),
            ("2026-12-24T18:00:00-00:00", "2026-12-24T18:00:00Z"),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"),
        ] {
            assert_eq!(parse_rfc3339(text).map(|at| at.to_string()).as_deref(), Some(read), "{text}");
        }
    }

    #[test]
    fn times_of_other_standards_are_refused() {
        for text in [
            "",
            "tomorrow",
            "2026-12-24",
            "2026-12-24T18:00:00",
            "2026-12-24T18:00:00+25:00",
            "2026-12-24T18:00:00+05:60",
            "2026-12-24T18:00:00+05:30:15",
            "2026-12-24T18:00:00+05",
            "2026-12-24T18:00:00+0530",
            "20261224T180000Z",
            "2026-12-24T18Z",
            "2026-12-24T18:00Z",
            "2026-12-24 18:00:00Z",
            "2026-12-24T18:00:00,5Z",
            "2026-12-24T18:00:00.Z",
            "2026-12-24T18:00:00Z[Europe/Dublin]",
            "2026-12-24T18:00:00+01:00[Europe/Dublin]",
            "+002026-12-24T18:00:00Z",
            "2026-13-24T18:00:00Z",
            "2025-02-29T12:00:00Z",
            "2026-12-24T24:00:00Z",
            "2026-12-24T18:00:0\u{663}Z",
        ] {
            assert_eq!(parse_rfc3339(text), None, "{text}");
        }
    }
}
