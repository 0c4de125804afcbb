//! Random numbers that are the same everywhere: one stream for each resample, whatever thread draws it.
//!
//! Not for secrets.

/// The step of SplitMix64: 2^64 divided by the golden ratio, odd.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// A stream of random numbers: xoshiro256++ (Blackman, Vigna 2021), its state filled by SplitMix64 (Steele, Lea, Flood 2014).
///
/// Streams of one seed with different indices start at different, unrelated places of a period of 2^256 - 1.
#[derive(Debug, Clone)]
pub struct Stream {
    state: [u64; 4],
}

impl Stream {
    /// The stream with this index under this seed.
    pub fn new(seed: u64, index: u64) -> Self {
        // For one seed this is a bijection of the index, so no two resamples share a stream.
        let start = mixed(seed ^ mixed(index.wrapping_add(GOLDEN)));
        let filled = |place: u64| mixed(start.wrapping_add(GOLDEN.wrapping_mul(place)));
        Self { state: [filled(1), filled(2), filled(3), filled(4)] }
    }

    /// 64 random bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let result = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let (c, d) = (c ^ a, d ^ b);
        self.state = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        result
    }

    /// Uniform in (0, 1): an odd multiple of 2^-53, so never 0 and never 1.
    #[inline]
    pub fn uniform(&mut self) -> f64 {
        ((self.bits() >> 12) as f64 + 0.5) * (1.0 / (1_u64 << 52) as f64)
    }

    /// Uniform in `0..bound`, without bias (Lemire 2019); 0 when `bound` is 0.
    #[inline]
    pub fn below(&mut self, bound: u64) -> u64 {
        let mut product = u128::from(self.bits()) * u128::from(bound);
        if (product as u64) < bound {
            let unfair = bound.wrapping_neg() % bound;
            while (product as u64) < unfair {
                product = u128::from(self.bits()) * u128::from(bound);
            }
        }
        (product >> 64) as u64
    }
}

/// The finalizer of SplitMix64, a bijection.
fn mixed(bits: u64) -> u64 {
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::{GOLDEN, Stream, mixed};

    #[test]
    fn generators_are_the_published_ones() {
        // SplitMix64 from the state 1234567, as its authors' C program prints.
        let published = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        for (place, expected) in (1..).zip(published) {
            assert_eq!(mixed(1_234_567_u64.wrapping_add(GOLDEN.wrapping_mul(place))), expected);
        }
        // xoshiro256++ from the state 1, 2, 3, 4.
        let mut stream = Stream { state: [1, 2, 3, 4] };
        let published = [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386, 9_228_616_714_210_784_205];
        assert_eq!([(); 5].map(|()| stream.bits()), published);
    }

    #[test]
    fn streams_are_never_changed_by_accident() {
        // Stored seeds must give the stored results in every later version.
        assert_eq!(Stream::new(0, 0).bits(), 18_353_448_787_882_852_715);
        assert_eq!(Stream::new(42, 7).bits(), 2_627_254_379_500_910_771);
        assert_eq!(Stream::new(u64::MAX, u64::MAX).bits(), 11_208_222_116_820_968_387);
    }

    #[test]
    fn numbers_are_uniform() {
        let mut stream = Stream::new(1, 2);
        let mut counts = [0_u32; 10];
        for _ in 0..100_000 {
            counts[stream.below(10) as usize] += 1;
            let uniform = stream.uniform();
            assert!(uniform > 0.0 && uniform < 1.0);
        }
        let chi2: f64 = counts.iter().map(|count| (f64::from(*count) - 10_000.0).powi(2) / 10_000.0).sum();
        assert!(chi2 < 27.9, "chi2 {chi2} with 9 degrees of freedom, p = 0.001");
        assert_eq!(stream.below(1), 0);
        assert_eq!(stream.below(0), 0);
    }
}
