//! The decoders, each given so little that a picture of a few kilobytes cannot take more memory than its pixels need.
//!
//! PNG and JPEG are read by the decoders that `image` itself is built on: through it, neither can be told to leave out the
//! texts and profiles of a picture, to give 8 bits a sample, or to refuse a picture whose data ends too early.

use std::io::Cursor;

use events::todos::attachments::{ContentType, RejectionReason};
use image::metadata::Orientation;
use image::{DynamicImage, ImageBuffer, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, Pixel};
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::attachments::inspect::ends;

/// The most pixels that a side may have.
pub(super) const MAX_SIDE: u32 = 12_000;
/// The most pixels that a picture may have.
const MAX_PIXELS: u64 = 40_000_000;
/// The most bytes that a GIF's first frame may take beside the picture: as many as two pictures.
const MAX_ALLOCATION: u64 = 2 * 4 * MAX_PIXELS;
/// The most bytes of a PNG that are neither pixels nor skipped: a few rows, and what a camera says in EXIF.
const MAX_PNG_WORK: usize = 8 * 1024 * 1024;

/// A decoded picture, with 8 bits a sample, and how its camera was held.
pub(super) type Decoded = (DynamicImage, Orientation);

/// The first image of a picture. Its bytes are given away, so that they need not be held beside a decoder's own copy.
pub(super) fn decode(bytes: Vec<u8>, declared: ContentType) -> Result<Decoded, RejectionReason> {
    match declared {
        ContentType::Png => png(bytes),
        ContentType::Jpeg => jpeg(bytes),
        ContentType::Gif => other(bytes, ImageFormat::Gif),
        ContentType::Webp => other(bytes, ImageFormat::WebP),
        ContentType::Pdf | ContentType::Text => Err(RejectionReason::WrongType),
    }
}

fn png(bytes: Vec<u8>) -> Result<Decoded, RejectionReason> {
    let broken = |_| RejectionReason::Broken;
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), png::Limits { bytes: MAX_PNG_WORK });
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let header = decoder.read_header_info().map_err(broken)?;
    let (width, height) = bounded(header.width, header.height)?;
    let mut reader = decoder.read_info().map_err(broken)?;
    let orientation = turn(reader.info().exif_metadata.as_deref());
    let mut samples = vec![0; reader.output_buffer_size().ok_or(RejectionReason::TooManyPixels)?];
    let color = reader.next_frame(&mut samples).map_err(broken)?.color_type;
    let image = match color {
        png::ColorType::Grayscale => whole(width, height, samples).map(DynamicImage::ImageLuma8),
        png::ColorType::GrayscaleAlpha => whole(width, height, samples).map(DynamicImage::ImageLumaA8),
        png::ColorType::Rgb => whole(width, height, samples).map(DynamicImage::ImageRgb8),
        png::ColorType::Rgba => whole(width, height, samples).map(DynamicImage::ImageRgba8),
        png::ColorType::Indexed => Err(RejectionReason::Broken),
    };
    Ok((image?, orientation))
}

/// Strictly: a picture whose data ends rows before its height is one that was cut off, or says too much of itself.
fn jpeg(mut bytes: Vec<u8>) -> Result<Decoded, RejectionReason> {
    let head = jpeg_head(&bytes)?;
    let (width, height) = bounded(head.width, head.height)?;
    if !head.is_progressive {
        open_end(&mut bytes)?;
    }
    let options = jpeg_options().jpeg_set_out_colorspace(head.color);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes.as_slice()), options);
    let samples = decoder.decode().map_err(|error| unread(&error))?;
    let image = match head.color {
        ColorSpace::Luma => whole(width, height, samples).map(DynamicImage::ImageLuma8),
        _ => whole(width, height, samples).map(DynamicImage::ImageRgb8),
    };
    Ok((image?, head.orientation))
}

/// What a JPEG says of itself.
struct JpegHead {
    width: u32,
    height: u32,
    is_progressive: bool,
    color: ColorSpace,
    orientation: Orientation,
}

fn jpeg_head(bytes: &[u8]) -> Result<JpegHead, RejectionReason> {
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), jpeg_options());
    decoder.decode_headers().map_err(|error| unread(&error))?;
    let info = decoder.info().ok_or(RejectionReason::Broken)?;
    let is_grey = decoder.input_colorspace() == Some(ColorSpace::Luma);
    Ok(JpegHead {
        width: info.width.into(),
        height: info.height.into(),
        is_progressive: !info.sof.is_sequential_dct(),
        color: if is_grey { ColorSpace::Luma } else { ColorSpace::RGB },
        orientation: turn(decoder.exif().map(Vec::as_slice)),
    })
}

fn jpeg_options() -> DecoderOptions {
    let side = MAX_SIDE as usize;
    DecoderOptions::default().set_strict_mode(true).set_max_width(side).set_max_height(side)
}

/// Puts some zeros in the place of the first picture's end, and drops what follows. At an end the decoder goes on with
/// zeros of its own until every row is there; where the bytes end it says so, when it looks further than these zeros,
/// which are as many as it reads ahead.
fn open_end(bytes: &mut Vec<u8>) -> Result<(), RejectionReason> {
    const AHEAD: usize = 16;
    let end = ends::jpeg(bytes).ok_or(RejectionReason::Broken)?;
    bytes.truncate(end - 2);
    bytes.reserve_exact(AHEAD);
    bytes.extend_from_slice(&[0; AHEAD]);
    Ok(())
}

fn unread(error: &DecodeErrors) -> RejectionReason {
    match error {
        DecodeErrors::LargeDimensions(_) => RejectionReason::TooManyPixels,
        _ => RejectionReason::Broken,
    }
}

fn other(bytes: Vec<u8>, format: ImageFormat) -> Result<Decoded, RejectionReason> {
    let unread = |error| match error {
        ImageError::Limits(_) => RejectionReason::TooManyPixels,
        _ => RejectionReason::Broken,
    };
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_ALLOCATION);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder().map_err(unread)?;
    let (width, height) = decoder.dimensions();
    bounded(width, height)?;
    decoder.set_limits(limits).map_err(unread)?;
    // A wrong turn is no reason to refuse a picture.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    Ok((DynamicImage::from_decoder(decoder).map_err(unread)?, orientation))
}

fn bounded(width: u32, height: u32) -> Result<(u32, u32), RejectionReason> {
    let fits = width.max(height) <= MAX_SIDE && u64::from(width) * u64::from(height) <= MAX_PIXELS;
    fits.then_some((width, height)).ok_or(RejectionReason::TooManyPixels)
}

/// A wrong turn is no reason to refuse a picture.
fn turn(exif: Option<&[u8]>) -> Orientation {
    exif.and_then(Orientation::from_exif_chunk).unwrap_or(Orientation::NoTransforms)
}

fn whole<P: Pixel<Subpixel = u8>>(
    width: u32,
    height: u32,
    samples: Vec<u8>,
) -> Result<ImageBuffer<P, Vec<u8>>, RejectionReason> {
    ImageBuffer::from_raw(width, height, samples).ok_or(RejectionReason::Broken)
}
