use image::codecs::gif::GifEncoder;
use image::{ExtendedColorType, Frame, ImageEncoder, Rgb, RgbImage, RgbaImage};

use super::*;

const PICTURES: [ContentType; 4] = [ContentType::Png, ContentType::Jpeg, ContentType::Gif, ContentType::Webp];

fn picture(content_type: ContentType, width: u32, height: u32) -> Vec<u8> {
    let image = RgbImage::from_fn(width, height, |x, y| Rgb([x.to_le_bytes()[0], y.to_le_bytes()[0], 7]));
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(image).write_to(&mut bytes, format(content_type).unwrap()).unwrap();
    bytes.into_inner()
}

/// A PNG of `side` times `side` black pixels: a kilobyte for each megapixel.
fn bomb(side: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new(&mut bytes);
    encoder.write_image(&vec![0; (side * side) as usize], side, side, ExtendedColorType::L8).unwrap();
    bytes
}

/// A picture with an orientation in its EXIF data, as a phone that was held upright writes it.
fn turned_picture() -> Vec<u8> {
    let exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let jpeg = picture(ContentType::Jpeg, 64, 32);
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], b"\xff\xe1", &length, exif, &jpeg[2..]].concat()
}

fn dimensions(jpeg: &[u8]) -> (u32, u32) {
    let image = image::load_from_memory_with_format(jpeg, ImageFormat::Jpeg).unwrap();
    (image.width(), image.height())
}

#[test]
fn a_picture_is_measured_and_made_small() {
    for content_type in PICTURES {
        let (found, thumbnail) = look(picture(content_type, 640, 400), content_type).unwrap();
        assert_eq!(found, Picture { width: 640, height: 400 });
        assert_eq!(dimensions(&thumbnail), (320, 200), "{content_type:?}");
    }
}

#[test]
fn a_small_picture_is_not_made_larger() {
    let (_, thumbnail) = look(picture(ContentType::Png, 3, 2), ContentType::Png).unwrap();
    assert_eq!(dimensions(&thumbnail), (3, 2));
}

#[test]
fn a_picture_stands_as_its_camera_was_held() {
    let (found, thumbnail) = look(turned_picture(), ContentType::Jpeg).unwrap();
    assert_eq!(found, Picture { width: 32, height: 64 });
    assert_eq!(dimensions(&thumbnail), (32, 64));
    assert!(!thumbnail.windows(4).any(|window| window == b"Exif"));
}

#[test]
fn what_shines_through_is_white() {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageRgba8(RgbaImage::new(8, 8)).write_to(&mut bytes, ImageFormat::Png).unwrap();
    let (_, thumbnail) = look(bytes.into_inner(), ContentType::Png).unwrap();
    let small = image::load_from_memory(&thumbnail).unwrap().into_rgb8();
    assert_eq!(small.get_pixel(4, 4).0, [255, 255, 255]);
}

#[test]
fn the_first_frame_stands_for_an_animation() {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new(&mut bytes);
    for _ in 0..3 {
        encoder.encode_frame(Frame::new(RgbaImage::from_pixel(9, 5, Rgba([1, 2, 3, 255])))).unwrap();
    }
    drop(encoder);
    assert_eq!(look(bytes, ContentType::Gif).unwrap().0, Picture { width: 9, height: 5 });
}

#[test]
fn another_type_than_declared_is_wrong() {
    for other in [b"MZ\x90\0\x03".as_slice(), b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<html>", b"", b"%PDF-1.7"]
    {
        for declared in PICTURES {
            assert_eq!(look(other.to_vec(), declared).unwrap_err(), RejectionReason::WrongType);
        }
    }
    let png = picture(ContentType::Png, 4, 4);
    assert_eq!(look(png, ContentType::Jpeg).unwrap_err(), RejectionReason::WrongType);
}

#[test]
fn a_picture_that_was_cut_off_or_spoilt_is_broken() {
    for content_type in PICTURES {
        let whole = picture(content_type, 64, 64);
        for length in [13, whole.len() / 2, whole.len() - 1] {
            let cut = whole[..length].to_vec();
            assert_eq!(look(cut, content_type).unwrap_err(), RejectionReason::Broken, "{content_type:?} {length}");
        }
    }
    let mut png = picture(ContentType::Png, 64, 64);
    let middle = png.len() / 2;
    png[middle] ^= 0x55;
    assert_eq!(look(png, ContentType::Png).unwrap_err(), RejectionReason::Broken);
}

#[test]
fn something_behind_a_picture_is_unsafe() {
    for content_type in PICTURES {
        for behind in [b"PK\x03\x04".as_slice(), b"<script>", b"%PDF-1.7", b"MZ"] {
            let both = [&picture(content_type, 8, 8), behind].concat();
            assert_eq!(look(both, content_type).unwrap_err(), RejectionReason::Unsafe, "{content_type:?}");
        }
        let padded = [&picture(content_type, 8, 8), [0; 16].as_slice()].concat();
        assert!(look(padded, content_type).is_ok(), "{content_type:?} with zeros behind");
    }
}

#[test]
fn an_archive_inside_a_picture_is_unsafe() {
    let png = picture(ContentType::Png, 8, 8);
    let end = png.len() - 12;
    // An archive's last record in a chunk that no reader of pictures knows; its comment spans the end of the picture.
    let record = [b"PK\x05\x06".as_slice(), &[0; 16], &16_u16.to_le_bytes()].concat();
    let length = u32::try_from(record.len()).unwrap().to_be_bytes();
    let chunk = [&length, b"zzZz".as_slice(), &record, &[0; 4]].concat();
    let both = [&png[..end], &chunk, &png[end..]].concat();
    assert_eq!(look(both, ContentType::Png).unwrap_err(), RejectionReason::Unsafe);
}

#[test]
fn pictures_that_phones_put_behind_a_picture_are_taken() {
    let both = [picture(ContentType::Jpeg, 64, 48), vec![0; 3], picture(ContentType::Jpeg, 8, 6)].concat();
    assert_eq!(look(both, ContentType::Jpeg).unwrap().0, Picture { width: 64, height: 48 });
}

#[test]
fn a_bomb_is_refused_before_it_is_decoded() {
    // 42 megapixels, in 50 kilobytes.
    assert_eq!(look(bomb(6500), ContentType::Png).unwrap_err(), RejectionReason::TooManyPixels);
    // The same with one side too long; and one that says so of itself without any pixels.
    assert_eq!(
        look(picture(ContentType::Png, 12_001, 1), ContentType::Png).unwrap_err(),
        RejectionReason::TooManyPixels
    );
    let mut gif = picture(ContentType::Gif, 8, 8);
    gif[6..10].copy_from_slice(&[0xff; 4]);
    assert_eq!(look(gif, ContentType::Gif).unwrap_err(), RejectionReason::TooManyPixels);
}
