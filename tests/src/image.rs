//! PNG images for tests, generated in memory.

use std::io::Write;

use png::{BitDepth, ColorType, Compression, Encoder, Info};

/// The size of the colour profile of [`wide_png`] after decompression, in bytes.
const PROFILE_BYTES: usize = 512 * 1024 * 1024;

/// An image of random pixels, which cannot be compressed: a little more than three bytes a pixel.
pub fn noise_png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, width, height);
    encoder.set_color(ColorType::Rgb);
    encoder.set_compression(Compression::NoCompression);
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut row = vec![0; 3 * width as usize];
    let mut header = encoder.write_header().expect("a PNG's header");
    let mut writer = header.stream_writer().expect("a PNG's pixels");
    for _ in 0..height {
        for part in row.chunks_mut(8) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            part.copy_from_slice(&state.to_le_bytes()[..part.len()]);
        }
        writer.write_all(&row).expect("a PNG's row");
    }
    writer.finish().expect("a PNG's end");
    header.finish().expect("a PNG's end");
    bytes
}

/// `side` times `side` black pixels. A side of 30,000 takes 110 kilobytes and has 900 megapixels.
pub fn black_png(side: u32) -> Vec<u8> {
    zeros(Info::with_size(side, side), ColorType::Grayscale, BitDepth::One, side.div_ceil(8) as usize)
}

/// `side` times `side` black pixels of 64 bits each, the widest form, and a colour profile that takes half a megabyte in
/// the file and half a gigabyte after decompression.
pub fn wide_png(side: u32) -> Vec<u8> {
    let mut info = Info::with_size(side, side);
    info.icc_profile = Some(vec![0; PROFILE_BYTES].into());
    zeros(info, ColorType::Rgba, BitDepth::Sixteen, 8 * side as usize)
}

fn zeros(info: Info<'_>, color: ColorType, depth: BitDepth, row_bytes: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let height = info.height;
    let mut encoder = Encoder::with_info(&mut bytes, info).expect("a PNG's header");
    encoder.set_color(color);
    encoder.set_depth(depth);
    let row = vec![0; row_bytes];
    let mut header = encoder.write_header().expect("a PNG's header");
    let mut writer = header.stream_writer().expect("a PNG's pixels");
    for _ in 0..height {
        writer.write_all(&row).expect("a PNG's row");
    }
    writer.finish().expect("a PNG's end");
    header.finish().expect("a PNG's end");
    bytes
}
