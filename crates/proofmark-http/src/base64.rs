//! Just enough base64 to recognise a secret inside it.

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const FOR_ADDRESSES: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// What base64 makes of these bytes wherever they stand in a longer text: both alphabets, all three alignments.
///
/// The characters at the borders, which hold bits of the neighbours too, are left out.
pub(crate) fn traces(bytes: &[u8]) -> impl Iterator<Item = String> {
    [STANDARD, FOR_ADDRESSES].into_iter().flat_map(move |alphabet| (0..3).map(move |offset| trace(bytes, offset, alphabet)))
}

fn trace(bytes: &[u8], offset: usize, alphabet: &[u8; 64]) -> String {
    let mut out = String::with_capacity(bytes.len() / 3 * 4 + 4);
    let (mut bits, mut held) = (0_u32, 0);
    // Bytes before an offset fill the first characters: these are the bits of ours that begin within one of them.
    let mut skipped = (6 - offset * 8 % 6) % 6;
    for &byte in bytes {
        bits = (bits << 8 | u32::from(byte)) & 0xffff;
        held += 8;
        if skipped > 0 {
            held -= skipped;
            skipped = 0;
        }
        while held >= 6 {
            held -= 6;
            out.push(char::from(alphabet[(bits >> held & 0x3f) as usize]));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_alignment_is_there() {
        let all: Vec<_> = traces(b"secret-token?>").collect();
        // base64 of the text alone, after "x:" and after "a".
        assert!("c2VjcmV0LXRva2VuPz4=".contains(&all[0]) && all[0].len() == 18);
        assert!("YXNlY3JldC10b2tlbj8+".contains(&all[1]) && all[1].len() == 18);
        assert!("eDpzZWNyZXQtdG9rZW4/Pg==".contains(&all[2]) && all[2].len() == 18);
        assert!(all[4].ends_with("tlbj8-") && all[5].ends_with("W4_P"));
    }
}
