//! The media types of attachments.

use crate::domain::values::ValueError;

/// The media types that can be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContentType {
    Png,
    Jpeg,
    Gif,
    Webp,
    Pdf,
    /// Plain text in UTF-8.
    Text,
}

impl ContentType {
    pub(crate) const ALL: [Self; 6] = [Self::Png, Self::Jpeg, Self::Gif, Self::Webp, Self::Pdf, Self::Text];

    /// Parses one of the media types that can be checked.
    pub(crate) fn parse(text: &str) -> Result<Self, ValueError> {
        Self::ALL.into_iter().find(|content_type| content_type.media_type() == text).ok_or_else(|| {
            ValueError("must be image/png, image/jpeg, image/gif, image/webp, application/pdf or text/plain".into())
        })
    }

    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Gif => "image/gif",
            Self::Webp => "image/webp",
            Self::Pdf => "application/pdf",
            Self::Text => "text/plain",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_type_is_one_that_can_be_checked() {
        for good in ["image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "text/plain"] {
            assert_eq!(ContentType::parse(good).unwrap().media_type(), good);
        }
        for bad in ["", "image/PNG", "text/html", "text/plain; charset=utf-8", "application/octet-stream"] {
            assert!(ContentType::parse(bad).is_err(), "{bad}");
        }
    }
}
