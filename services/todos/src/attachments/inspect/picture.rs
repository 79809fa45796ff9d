//! Pictures: decoded once, in full, within limits that are checked before.

mod decode;

use std::io::Cursor;

use events::todos::attachments::{ContentType, Picture, RejectionReason};
use image::metadata::Orientation;
use image::{DynamicImage, ImageError, ImageFormat};

use crate::attachments::inspect::ends;

/// The longest side of a thumbnail.
const THUMBNAIL_SIDE: u32 = 320;

/// The dimensions and the thumbnail of a picture, which is said to be of this type.
pub(crate) fn look(bytes: Vec<u8>, declared: ContentType) -> Result<(Picture, Vec<u8>), RejectionReason> {
    if !ends::begins_as(&bytes, declared) {
        return Err(RejectionReason::WrongType);
    }
    let end = ends::end(&bytes, declared).ok_or(RejectionReason::Broken)?;
    if bytes[end..].iter().any(|&byte| byte != 0) || ends::holds_archive(&bytes, 0) {
        return Err(RejectionReason::Unsafe);
    }
    let (mut image, orientation) = decode::decode(bytes, declared)?;
    let (width, height) = turned(&image, orientation);
    put_on_white(&mut image);
    let thumbnail = thumbnail(&image, orientation).map_err(|_| RejectionReason::Broken)?;
    Ok((Picture { width: width.into(), height: height.into() }, thumbnail))
}

/// The dimensions that people see.
fn turned(image: &DynamicImage, orientation: Orientation) -> (u32, u32) {
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

/// Gives every pixel the colour that it has on white paper, where it stands: a second picture of this size would take as
/// much memory again. Before the picture is shrunk, as the hidden colour of clear pixels would tinge those beside them.
fn put_on_white(image: &mut DynamicImage) {
    match image {
        DynamicImage::ImageLumaA8(image) => {
            for [grey, alpha] in image.as_chunks_mut().0 {
                *grey = on_white(*grey, *alpha);
                *alpha = u8::MAX;
            }
        }
        DynamicImage::ImageRgba8(image) => {
            for [red, green, blue, alpha] in image.as_chunks_mut().0 {
                if *alpha != u8::MAX {
                    [*red, *green, *blue] = [on_white(*red, *alpha), on_white(*green, *alpha), on_white(*blue, *alpha)];
                    *alpha = u8::MAX;
                }
            }
        }
        // The decoders give 8 bits a sample; what has no alpha is as it is.
        _ => {}
    }
}

fn on_white(sample: u8, alpha: u8) -> u8 {
    let [darkness, _] = (u16::from(u8::MAX - sample) * u16::from(alpha) / u16::from(u8::MAX)).to_le_bytes();
    u8::MAX - darkness
}

/// A small JPEG of the picture, upright, with nothing of what the original says of itself.
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
