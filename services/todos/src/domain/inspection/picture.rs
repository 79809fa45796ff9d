//! Pictures, decoded once in full, within limits that are checked first.

mod decode;

use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, ImageError, ImageFormat};

use crate::domain::attachment::{Picture, RejectionReason};
use crate::domain::content_type::ContentType;
use crate::domain::inspection::format;

/// The longest side of a thumbnail.
const THUMBNAIL_SIDE: u32 = 320;

/// Checks a picture of the announced type; returns its dimensions and its thumbnail, a JPEG.
pub(crate) fn check(bytes: Vec<u8>, declared: ContentType) -> Result<(Picture, Vec<u8>), RejectionReason> {
    if !format::has_signature(&bytes, declared) {
        return Err(RejectionReason::WrongType);
    }
    let end = format::picture_end(&bytes, declared).ok_or(RejectionReason::Broken)?;
    if bytes[end..].iter().any(|&byte| byte != 0) || format::contains_archive(&bytes, 0) {
        return Err(RejectionReason::Unsafe);
    }
    let (mut image, orientation) = decode::decode(bytes, declared)?;
    let (width, height) = upright_dimensions(&image, orientation);
    blend_with_white(&mut image);
    let thumbnail = thumbnail(&image, orientation).map_err(|_| RejectionReason::Broken)?;
    Ok((Picture { width: width.into(), height: height.into() }, thumbnail))
}

/// The dimensions after the rotation that the picture asks for.
fn upright_dimensions(image: &DynamicImage, orientation: Orientation) -> (u32, u32) {
    match orientation {
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH => {
            (image.height(), image.width())
        }
        Orientation::NoTransforms
        | Orientation::Rotate180
        | Orientation::FlipHorizontal
        | Orientation::FlipVertical => (image.width(), image.height()),
    }
}

/// Replaces transparency by white, in place, because a second picture would double the memory. It comes before
/// resizing, which would mix the invisible color of transparent pixels into their neighbors.
fn blend_with_white(image: &mut DynamicImage) {
    match image {
        DynamicImage::ImageLumaA8(image) => {
            for [grey, alpha] in image.as_chunks_mut().0 {
                *grey = over_white(*grey, *alpha);
                *alpha = u8::MAX;
            }
        }
        DynamicImage::ImageRgba8(image) => {
            for [red, green, blue, alpha] in image.as_chunks_mut().0 {
                if *alpha != u8::MAX {
                    [*red, *green, *blue] =
                        [over_white(*red, *alpha), over_white(*green, *alpha), over_white(*blue, *alpha)];
                    *alpha = u8::MAX;
                }
            }
        }
        // The decoders return 8 bits per sample; other formats have no transparency.
        _ => {}
    }
}

fn over_white(sample: u8, alpha: u8) -> u8 {
    let [darkness, _] = (u16::from(u8::MAX - sample) * u16::from(alpha) / u16::from(u8::MAX)).to_le_bytes();
    u8::MAX - darkness
}

/// A small, upright JPEG of the picture without its metadata.
fn thumbnail(image: &DynamicImage, orientation: Orientation) -> Result<Vec<u8>, ImageError> {
    let mut small = if image.width() > THUMBNAIL_SIDE || image.height() > THUMBNAIL_SIDE {
        image.thumbnail(THUMBNAIL_SIDE, THUMBNAIL_SIDE)
    } else {
        image.clone()
    };
    small.apply_orientation(orientation);
    let mut jpeg = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(small.into_rgb8()).write_to(&mut jpeg, ImageFormat::Jpeg)?;
    Ok(jpeg.into_inner())
}

#[cfg(test)]
mod tests;
