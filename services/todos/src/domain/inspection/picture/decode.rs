//! The decoders, with limits, so that a small file cannot take more memory than its pixels need.
//!
//! PNG and JPEG are read by the decoders that `image` is built on: through `image`, neither can skip a picture's texts
//! and profiles, return 8 bits per sample, or reject a picture with missing data.

use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, ImageBuffer, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, Pixel};
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::domain::attachment::RejectionReason;
use crate::domain::content_type::ContentType;
use crate::domain::inspection::format;

/// The most pixels of a side.
pub(super) const MAX_SIDE: u32 = 12_000;
/// The most pixels of a picture.
const MAX_PIXELS: u64 = 40_000_000;
/// The most bytes that decoding a GIF's first frame may allocate: two pictures.
const MAX_ALLOCATION: u64 = 2 * 4 * MAX_PIXELS;
/// The most bytes of a PNG that are neither pixels nor skipped: a few rows and EXIF data.
const MAX_PNG_WORK: usize = 8 * 1024 * 1024;

/// A decoded picture with 8 bits per sample, and its orientation.
pub(super) type Decoded = (DynamicImage, Orientation);

/// Decodes a picture's first image. It takes the bytes, so that they are not held beside a decoder's own copy.
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
    let (width, height) = check_dimensions(header.width, header.height)?;
    let mut reader = decoder.read_info().map_err(broken)?;
    let orientation = orientation(reader.info().exif_metadata.as_deref());
    let mut samples = vec![0; reader.output_buffer_size().ok_or(RejectionReason::TooManyPixels)?];
    let color = reader.next_frame(&mut samples).map_err(broken)?.color_type;
    let image = match color {
        png::ColorType::Grayscale => image_buffer(width, height, samples).map(DynamicImage::ImageLuma8),
        png::ColorType::GrayscaleAlpha => image_buffer(width, height, samples).map(DynamicImage::ImageLumaA8),
        png::ColorType::Rgb => image_buffer(width, height, samples).map(DynamicImage::ImageRgb8),
        png::ColorType::Rgba => image_buffer(width, height, samples).map(DynamicImage::ImageRgba8),
        png::ColorType::Indexed => Err(RejectionReason::Broken),
    };
    Ok((image?, orientation))
}

/// Decodes strictly: a picture with fewer rows than its stated height is truncated, or states a wrong height.
fn jpeg(mut bytes: Vec<u8>) -> Result<Decoded, RejectionReason> {
    let head = jpeg_header(&bytes)?;
    let (width, height) = check_dimensions(head.width, head.height)?;
    if !head.is_progressive {
        replace_end_by_zeros(&mut bytes)?;
    }
    let options = jpeg_options().jpeg_set_out_colorspace(head.color);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes.as_slice()), options);
    let samples = decoder.decode().map_err(|error| rejection(&error))?;
    let image = match head.color {
        ColorSpace::Luma => image_buffer(width, height, samples).map(DynamicImage::ImageLuma8),
        _ => image_buffer(width, height, samples).map(DynamicImage::ImageRgb8),
    };
    Ok((image?, head.orientation))
}

/// The header of a JPEG.
struct JpegHeader {
    width: u32,
    height: u32,
    is_progressive: bool,
    color: ColorSpace,
    orientation: Orientation,
}

fn jpeg_header(bytes: &[u8]) -> Result<JpegHeader, RejectionReason> {
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), jpeg_options());
    decoder.decode_headers().map_err(|error| rejection(&error))?;
    let info = decoder.info().ok_or(RejectionReason::Broken)?;
    let is_grey = decoder.input_colorspace() == Some(ColorSpace::Luma);
    Ok(JpegHeader {
        width: info.width.into(),
        height: info.height.into(),
        is_progressive: !info.sof.is_sequential_dct(),
        color: if is_grey { ColorSpace::Luma } else { ColorSpace::RGB },
        orientation: orientation(decoder.exif().map(Vec::as_slice)),
    })
}

fn jpeg_options() -> DecoderOptions {
    let side = MAX_SIDE as usize;
    DecoderOptions::default().set_strict_mode(true).set_max_width(side).set_max_height(side)
}

/// Replaces the end marker of the first picture, and all that follows, by as many zeros as the decoder reads ahead. At
/// an end marker the decoder would add zeros for missing rows; where the bytes end, it reports them missing.
fn replace_end_by_zeros(bytes: &mut Vec<u8>) -> Result<(), RejectionReason> {
    const AHEAD: usize = 16;
    let end = format::jpeg_end(bytes).ok_or(RejectionReason::Broken)?;
    bytes.truncate(end - 2);
    bytes.reserve_exact(AHEAD);
    bytes.extend_from_slice(&[0; AHEAD]);
    Ok(())
}

fn rejection(error: &DecodeErrors) -> RejectionReason {
    match error {
        DecodeErrors::LargeDimensions(_) => RejectionReason::TooManyPixels,
        _ => RejectionReason::Broken,
    }
}

fn other(bytes: Vec<u8>, format: ImageFormat) -> Result<Decoded, RejectionReason> {
    let rejection = |error| match error {
        ImageError::Limits(_) => RejectionReason::TooManyPixels,
        _ => RejectionReason::Broken,
    };
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_ALLOCATION);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder().map_err(rejection)?;
    let (width, height) = decoder.dimensions();
    check_dimensions(width, height)?;
    decoder.set_limits(limits).map_err(rejection)?;
    // An invalid orientation is no reason to reject a picture.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    Ok((DynamicImage::from_decoder(decoder).map_err(rejection)?, orientation))
}

fn check_dimensions(width: u32, height: u32) -> Result<(u32, u32), RejectionReason> {
    let fits = width.max(height) <= MAX_SIDE && u64::from(width) * u64::from(height) <= MAX_PIXELS;
    fits.then_some((width, height)).ok_or(RejectionReason::TooManyPixels)
}

/// The orientation in EXIF data. An invalid one is no reason to reject a picture.
fn orientation(exif: Option<&[u8]>) -> Orientation {
    exif.and_then(Orientation::from_exif_chunk).unwrap_or(Orientation::NoTransforms)
}

fn image_buffer<P: Pixel<Subpixel = u8>>(
    width: u32,
    height: u32,
    samples: Vec<u8>,
) -> Result<ImageBuffer<P, Vec<u8>>, RejectionReason> {
    ImageBuffer::from_raw(width, height, samples).ok_or(RejectionReason::Broken)
}
