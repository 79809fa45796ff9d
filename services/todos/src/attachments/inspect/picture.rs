//! Pictures: decoded once, in full, within limits that are checked before.

use std::io::Cursor;

use events::todos::attachments::{ContentType, Picture, RejectionReason};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, Rgba};

use crate::attachments::inspect::ends;

/// The most pixels that a side may have.
const MAX_SIDE: u32 = 12_000;
/// The most pixels that a picture may have.
const MAX_PIXELS: u64 = 40_000_000;
/// The most bytes that a decoder may take: the pixels in the widest form, 8 bytes each, and as much again for its work.
const MAX_ALLOCATION: u64 = 2 * 8 * MAX_PIXELS;
/// The longest side of a thumbnail.
const THUMBNAIL_SIDE: u32 = 320;

/// The dimensions and the thumbnail of a picture, which is said to be of this type.
pub(crate) fn look(bytes: Vec<u8>, declared: ContentType) -> Result<(Picture, Vec<u8>), RejectionReason> {
    if !ends::begins_as(&bytes, declared) {
        return Err(RejectionReason::WrongType);
    }
    let end = ends::end(&bytes, declared).ok_or(RejectionReason::Broken)?;
    if bytes[end..].iter().any(|&byte| byte != 0) || ends::ends_as_archive(&bytes) {
        return Err(RejectionReason::Unsafe);
    }
    let (image, orientation) = decode(bytes, format(declared)?).map_err(|error| reason(&error))?;
    let (width, height) = turned(&image, orientation);
    let thumbnail = thumbnail(&image, orientation).map_err(|error| reason(&error))?;
    Ok((Picture { width: width.into(), height: height.into() }, thumbnail))
}

fn format(declared: ContentType) -> Result<ImageFormat, RejectionReason> {
    match declared {
        ContentType::Png => Ok(ImageFormat::Png),
        ContentType::Jpeg => Ok(ImageFormat::Jpeg),
        ContentType::Gif => Ok(ImageFormat::Gif),
        ContentType::Webp => Ok(ImageFormat::WebP),
        ContentType::Pdf | ContentType::Text => Err(RejectionReason::WrongType),
    }
}

/// The first image of a picture. Its bytes are given away, so that they need not be held beside a decoder's own copy.
fn decode(bytes: Vec<u8>, format: ImageFormat) -> Result<(DynamicImage, Orientation), ImageError> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_ALLOCATION);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder()?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(too_many_pixels());
    }
    decoder.set_limits(limits)?;
    // A wrong turn is no reason to refuse a picture.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    Ok((DynamicImage::from_decoder(decoder)?, orientation))
}

fn too_many_pixels() -> ImageError {
    ImageError::Limits(image::error::LimitError::from_kind(image::error::LimitErrorKind::DimensionError))
}

fn reason(error: &ImageError) -> RejectionReason {
    match error {
        ImageError::Limits(_) => RejectionReason::TooManyPixels,
        _ => RejectionReason::Broken,
    }
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

/// A small JPEG of the picture on white, upright, with nothing of what the original says of itself.
fn thumbnail(image: &DynamicImage, orientation: Orientation) -> Result<Vec<u8>, ImageError> {
    let small = if image.width() > THUMBNAIL_SIDE || image.height() > THUMBNAIL_SIDE {
        &image.thumbnail(THUMBNAIL_SIDE, THUMBNAIL_SIDE)
    } else {
        image
    };
    let pixels = small.to_rgba8();
    let mut white = image::RgbaImage::from_pixel(pixels.width(), pixels.height(), Rgba([255, 255, 255, 255]));
    image::imageops::overlay(&mut white, &pixels, 0, 0);
    let mut upright = DynamicImage::ImageRgba8(white);
    upright.apply_orientation(orientation);
    let mut jpeg = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(upright.into_rgb8()).write_to(&mut jpeg, ImageFormat::Jpeg)?;
    Ok(jpeg.into_inner())
}

#[cfg(test)]
mod tests;
