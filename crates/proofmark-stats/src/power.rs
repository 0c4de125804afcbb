//! What an inconclusive result could have seen, and what would settle it.

use crate::distributions::{normal_ppf, t_ppf};

/// The result of a calculation of power; what is undefined is `None`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Power {
    /// The smallest true change that is seen with the wanted power.
    pub mde: Option<f64>,
    /// Rows, runs or pairs with which no true change passes with the wanted power. `None` for a margin of 0, where no number
    /// suffices.
    pub n_required: Option<u64>,
}

/// For a mean of `n` paired differences with standard deviation `sd`.
///
/// `mde = [t(1 - alpha, n - 1) + t(power, n - 1)] sd / sqrt(n)` (Bloom 1995);
/// `n_required = max(2, ceil(((z(1 - alpha) + z(power)) sd / margin)^2))`.
pub fn paired_power(sd: f64, n: u64, margin: f64, alpha: f64, power: f64) -> Power {
    let mde = (n >= 2).then(|| {
        let df = (n - 1) as f64;
        (t_ppf(power, df) - t_ppf(alpha, df)) * sd / (n as f64).sqrt()
    });
    let ratio = reach(alpha, power) * sd / margin;
    Power { mde: mde.filter(|mde| mde.is_finite()), n_required: whole(ratio * ratio, margin).map(|n| n.max(2)) }
}

/// For a difference of proportions on `n` rows, of which the share `p10` is lost and `p01` is gained.
///
/// `v = p10 + p01 - (p01 - p10)^2`, `mde = (z(1 - alpha) + z(power)) sqrt(v / n)`,
/// `n_required = ceil(v ((z(1 - alpha) + z(power)) / margin)^2)`.
pub fn paired_proportion_power(p10: f64, p01: f64, n: u64, margin: f64, alpha: f64, power: f64) -> Power {
    let v = p10 + p01 - (p01 - p10) * (p01 - p10);
    let mde = reach(alpha, power) * (v / n as f64).sqrt();
    let ratio = reach(alpha, power) / margin;
    Power { mde: mde.is_finite().then_some(mde), n_required: whole(v * (ratio * ratio), margin) }
}

/// The same where no row is discordant, so that there is no variance to go by: Tango's lower limit is then `-z^2 / (n + z^2)`,
/// which is the smallest loss that is ruled out, and within the margin from `z^2 (1 - m) / m` rows on.
pub fn no_discordant_power(n: u64, margin: f64, alpha: f64) -> Power {
    let z = normal_ppf(1.0 - alpha);
    let mde = z * z / (n as f64 + z * z);
    Power { mde: mde.is_finite().then_some(mde), n_required: whole(z * z * (1.0 - margin) / margin, margin) }
}

fn reach(alpha: f64, power: f64) -> f64 {
    normal_ppf(power) - normal_ppf(alpha)
}

/// The next whole number, where there is one.
fn whole(number: f64, margin: f64) -> Option<u64> {
    (margin > 0.0 && (0.0..1e18).contains(&number)).then(|| number.ceil() as u64)
}
