use image::codecs::gif::GifEncoder;
use image::{ExtendedColorType, Frame, ImageEncoder, Rgb, RgbImage, Rgba, RgbaImage};

use super::*;

const PICTURES: [ContentType; 4] = [ContentType::Png, ContentType::Jpeg, ContentType::Gif, ContentType::Webp];

fn picture(content_type: ContentType, width: u32, height: u32) -> Vec<u8> {
    let image = RgbImage::from_fn(width, height, |x, y| Rgb([x.to_le_bytes()[0], y.to_le_bytes()[0], 7]));
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(image).write_to(&mut bytes, format(content_type)).unwrap();
    bytes.into_inner()
}

fn format(content_type: ContentType) -> ImageFormat {
    match content_type {
        ContentType::Jpeg => ImageFormat::Jpeg,
        ContentType::Gif => ImageFormat::Gif,
        ContentType::Webp => ImageFormat::WebP,
        _ => ImageFormat::Png,
    }
}

/// A PNG of `side` times `side` black pixels: a kilobyte for each megapixel.
fn decompression_bomb(side: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new(&mut bytes);
    encoder.write_image(&vec![0; (side * side) as usize], side, side, ExtendedColorType::L8).unwrap();
    bytes
}

/// A picture with an orientation in its EXIF data, as an upright phone writes it.
fn rotated_picture() -> Vec<u8> {
    let exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let jpeg = picture(ContentType::Jpeg, 64, 32);
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], b"\xff\xe1", &length, exif, &jpeg[2..]].concat()
}

/// A chunk of a PNG, with its checksum.
fn chunk(name: [u8; 4], data: &[u8]) -> Vec<u8> {
    let checksum = [name.as_slice(), data].concat().iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 })
    });
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    [length.as_slice(), &name, data, &(!checksum).to_be_bytes()].concat()
}

fn dimensions(jpeg: &[u8]) -> (u32, u32) {
    let image = image::load_from_memory_with_format(jpeg, ImageFormat::Jpeg).unwrap();
    (image.width(), image.height())
}

#[test]
fn a_picture_gets_dimensions_and_a_thumbnail() {
    for content_type in PICTURES {
        let (found, thumbnail) = check(picture(content_type, 640, 400), content_type).unwrap();
        assert_eq!(found, Picture { width: 640, height: 400 });
        assert_eq!(dimensions(&thumbnail), (320, 200), "{content_type:?}");
    }
}

#[test]
fn a_small_picture_is_not_enlarged() {
    let (_, thumbnail) = check(picture(ContentType::Png, 3, 2), ContentType::Png).unwrap();
    assert_eq!(dimensions(&thumbnail), (3, 2));
}

#[test]
fn a_picture_is_rotated_by_its_exif_orientation() {
    let (found, thumbnail) = check(rotated_picture(), ContentType::Jpeg).unwrap();
    assert_eq!(found, Picture { width: 32, height: 64 });
    assert_eq!(dimensions(&thumbnail), (32, 64));
    assert!(!thumbnail.windows(4).any(|window| window == b"Exif"));
}

#[test]
fn transparent_pixels_become_white() {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageRgba8(RgbaImage::new(8, 8)).write_to(&mut bytes, ImageFormat::Png).unwrap();
    let (_, thumbnail) = check(bytes.into_inner(), ContentType::Png).unwrap();
    let small = image::load_from_memory(&thumbnail).unwrap().into_rgb8();
    assert_eq!(small.get_pixel(4, 4).0, [255, 255, 255]);
}

#[test]
fn transparent_pixels_do_not_tint_their_neighbors() {
    let stripes = |x: u32| if x.is_multiple_of(2) { Rgba([255, 0, 0, 255]) } else { Rgba([0, 0, 0, 0]) };
    let mut bytes = Cursor::new(Vec::new());
    let image = RgbaImage::from_fn(640, 640, |x, _| stripes(x));
    DynamicImage::ImageRgba8(image).write_to(&mut bytes, ImageFormat::Png).unwrap();
    let (_, thumbnail) = check(bytes.into_inner(), ContentType::Png).unwrap();
    let [red, green, blue] = image::load_from_memory(&thumbnail).unwrap().into_rgb8().get_pixel(160, 160).0;
    assert!(red > 250, "neither black nor grey, but {red} {green} {blue}");
    assert!((120..136).contains(&green) && (120..136).contains(&blue), "half red, half white: {red} {green} {blue}");
}

#[test]
fn metadata_of_a_png_is_not_kept() {
    let png = picture(ContentType::Png, 8, 8);
    // One that no decoder could inflate, if it tried; and more texts than memory would hold if each were kept.
    for said in
        [chunk(*b"iCCP", b"x\0\0no zlib"), chunk(*b"zTXt", b"x\0\0no zlib"), chunk(*b"tEXt", b"a\0b").repeat(200_000)]
    {
        let both = [&png[..33], &said, &png[33..]].concat();
        assert!(check(both, ContentType::Png).is_ok());
    }
    let exif = chunk(*b"eXIf", &vec![0; 9 * 1024 * 1024]);
    assert_eq!(check([&png[..33], &exif, &png[33..]].concat(), ContentType::Png).unwrap_err(), RejectionReason::Broken);
}

#[test]
fn sixteen_bits_per_sample_become_eight() {
    let mut bytes = Cursor::new(Vec::new());
    let image = image::ImageBuffer::from_pixel(9, 5, Rgba([0xffff_u16, 0x8000, 0, 0xffff]));
    DynamicImage::ImageRgba16(image).write_to(&mut bytes, ImageFormat::Png).unwrap();
    let (found, thumbnail) = check(bytes.into_inner(), ContentType::Png).unwrap();
    assert_eq!(found, Picture { width: 9, height: 5 });
    let [red, green, blue] = image::load_from_memory(&thumbnail).unwrap().into_rgb8().get_pixel(4, 2).0;
    assert!(red > 245 && (120..136).contains(&green) && blue < 10, "{red} {green} {blue}");
}

#[test]
fn an_animation_is_checked_by_its_first_frame() {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new(&mut bytes);
    for _ in 0..3 {
        encoder.encode_frame(Frame::new(RgbaImage::from_pixel(9, 5, Rgba([1, 2, 3, 255])))).unwrap();
    }
    drop(encoder);
    assert_eq!(check(bytes, ContentType::Gif).unwrap().0, Picture { width: 9, height: 5 });
}

#[test]
fn another_type_than_announced_is_wrong() {
    for other in [b"MZ\x90\0\x03".as_slice(), b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<html>", b"", b"%PDF-1.7"]
    {
        for declared in PICTURES {
            assert_eq!(check(other.to_vec(), declared).unwrap_err(), RejectionReason::WrongType);
        }
    }
    let png = picture(ContentType::Png, 4, 4);
    assert_eq!(check(png, ContentType::Jpeg).unwrap_err(), RejectionReason::WrongType);
}

#[test]
fn a_truncated_or_corrupted_picture_is_broken() {
    for content_type in PICTURES {
        let whole = picture(content_type, 64, 64);
        for length in [13, whole.len() / 2, whole.len() - 1] {
            let cut = whole[..length].to_vec();
            assert_eq!(check(cut, content_type).unwrap_err(), RejectionReason::Broken, "{content_type:?} {length}");
        }
    }
    let mut png = picture(ContentType::Png, 64, 64);
    let middle = png.len() / 2;
    png[middle] ^= 0x55;
    assert_eq!(check(png, ContentType::Png).unwrap_err(), RejectionReason::Broken);
}

#[test]
fn a_jpeg_with_missing_rows_is_broken() {
    let whole = picture(ContentType::Jpeg, 640, 480);
    for part in 1..8 {
        let cut = [&whole[..whole.len() * part / 8], b"\xff\xd9"].concat();
        assert_eq!(check(cut, ContentType::Jpeg).unwrap_err(), RejectionReason::Broken, "{part} of 8 parts");
    }
    let mut larger = whole;
    let frame = larger.windows(2).position(|marker| marker == b"\xff\xc0").unwrap();
    larger[frame + 5..frame + 9].copy_from_slice(&[0x17, 0x70, 0x17, 0x70]);
    assert_eq!(check(larger, ContentType::Jpeg).unwrap_err(), RejectionReason::Broken);
}

#[test]
fn a_jpeg_of_few_bytes_is_complete() {
    for side in [1, 7, 8, 9, 16, 17, 33, 200] {
        for shade in [0, 128, 255] {
            let mut bytes = Cursor::new(Vec::new());
            let image = RgbImage::from_pixel(side, side, Rgb([shade; 3]));
            DynamicImage::ImageRgb8(image).write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
            assert!(check(bytes.into_inner(), ContentType::Jpeg).is_ok(), "{side} times {side} of {shade}");
        }
    }
}

#[test]
fn a_jpeg_with_too_many_segments_is_broken() {
    let jpeg = picture(ContentType::Jpeg, 8, 8);
    let comments = b"\xff\xfe\0\x03x".repeat(5000);
    let both = [&jpeg[..2], &comments, &jpeg[2..]].concat();
    assert_eq!(check(both, ContentType::Jpeg).unwrap_err(), RejectionReason::Broken);
}

#[test]
fn other_content_after_a_picture_is_unsafe() {
    for content_type in PICTURES {
        for behind in [b"PK\x03\x04".as_slice(), b"<script>", b"%PDF-1.7", b"MZ"] {
            let both = [&picture(content_type, 8, 8), behind].concat();
            assert_eq!(check(both, content_type).unwrap_err(), RejectionReason::Unsafe, "{content_type:?}");
        }
        let padded = [&picture(content_type, 8, 8), [0; 16].as_slice()].concat();
        assert!(check(padded, content_type).is_ok(), "{content_type:?} with zeros behind");
    }
}

#[test]
fn an_archive_inside_a_picture_is_unsafe() {
    let png = picture(ContentType::Png, 8, 8);
    let end = png.len() - 12;
    let inside = |record: &[u8]| [&png[..end], &chunk(*b"zzZz", record), &png[end..]].concat();
    let record = |comment: u16, directory: &[u8]| {
        let size = u32::try_from(directory.len()).unwrap().to_le_bytes();
        [directory, b"PK\x05\x06", &[0; 8], &size, &[0; 4], &comment.to_le_bytes()].concat()
    };
    let directory = [b"PK\x01\x02".as_slice(), &[0; 42]].concat();
    // A comment that spans the end of the picture; and none at all.
    for archive in [record(16, b""), record(0, &directory)] {
        assert_eq!(check(inside(&archive), ContentType::Png).unwrap_err(), RejectionReason::Unsafe);
    }
    assert!(check(inside(&record(7, &[0; 46])), ContentType::Png).is_ok(), "bytes that only look like a record");
}

#[test]
fn pictures_that_phones_append_are_accepted() {
    let both = [picture(ContentType::Jpeg, 64, 48), vec![0; 3], picture(ContentType::Jpeg, 8, 6)].concat();
    assert_eq!(check(both, ContentType::Jpeg).unwrap().0, Picture { width: 64, height: 48 });
}

#[test]
fn a_decompression_bomb_is_rejected_before_it_is_decoded() {
    // 42 megapixels, in 50 kilobytes.
    assert_eq!(check(decompression_bomb(6500), ContentType::Png).unwrap_err(), RejectionReason::TooManyPixels);
    // One side is too long; and the header states too many pixels, of which there are none.
    assert_eq!(
        check(picture(ContentType::Png, 12_001, 1), ContentType::Png).unwrap_err(),
        RejectionReason::TooManyPixels
    );
    let mut gif = picture(ContentType::Gif, 8, 8);
    gif[6..10].copy_from_slice(&[0xff; 4]);
    assert_eq!(check(gif, ContentType::Gif).unwrap_err(), RejectionReason::TooManyPixels);
}
