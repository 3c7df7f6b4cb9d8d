//! Faults on request: slow answers, lost answers, overload and broken replies.
//!
//! Owns: when a fault strikes. The server asks once before and once after each call, the certificate handler asks once.
//! Must not touch: the store, the wire.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use serde::{Deserialize, Serialize};

/// Which faults strike. Counts start at 1 and are counted from the moment the faults were set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case", default, deny_unknown_fields)]
pub struct Faults {
    /// Same seed, same order of random faults.
    pub seed: u64,
    /// Added to every call.
    pub latency_ms: u64,
    /// The connection is cut before the n-th write takes effect.
    pub reset_before_write: Option<u64>,
    /// The connection is cut after the n-th write took effect.
    pub reset_after_write: Option<u64>,
    /// Share of calls (0 to 1) that are answered 429.
    pub rate_limited: f64,
    /// Seconds in the `Retry-After` header of a 429; `None` sends no such header.
    pub retry_after: Option<u64>,
    /// Share of calls (0 to 1) that are answered 500, 502 or 503 and have no effect.
    pub server_error: f64,
    /// The n-th CreateCertificates call is answered 400 although its certificates were stored, unlinked.
    pub certificate_error_but_stored: Option<u64>,
    /// Share of CreateCertificates calls (0 to 1) to which the same happens.
    pub certificate_errors_but_stored: f64,
    /// Share of writes (0 to 1) whose connection is cut before they take effect.
    pub resets_before: f64,
    /// Share of writes (0 to 1) whose connection is cut after they took effect.
    pub resets_after: f64,
    /// Share of answers (0 to 1) that come in pieces, `slow_ms` apart.
    pub slow_bodies: f64,
    pub slow_ms: u64,
    /// Share of answers (0 to 1) that break off in the middle.
    pub cut_bodies: f64,
    /// Share of answers (0 to 1) that say 200 and are no JSON.
    pub wrong_json: f64,
    /// Customers with these codes are refused when they are created.
    pub refuse_customers: Vec<String>,
    /// No more requests a second than this are let through (with what one second saves up); the others are answered 429.
    pub requests_per_second: Option<f64>,
}

/// What befalls an answer on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnTheWay {
    Whole,
    /// The connection is cut before a byte of it.
    Reset,
    /// Half of it, then the connection is cut.
    Half,
    /// In pieces, so many milliseconds apart.
    Slow(u64),
    /// Something else than the service's JSON.
    Garbled,
}

/// What befalls a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strike {
    None,
    Reset,
    RateLimited { retry_after: Option<u64> },
    ServerError { status: u16 },
}

/// The fate of one call, decided when it comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fate {
    pub(super) latency_ms: u64,
    pub(super) before: Strike,
    pub(super) after: OnTheWay,
}

#[derive(Debug, Default)]
struct State {
    faults: Faults,
    writes: u64,
    certificate_calls: u64,
    random: u64,
    /// Requests that may come at once, as of this moment.
    saved_up: Option<(f64, Instant)>,
}

#[derive(Debug, Default)]
pub(super) struct FaultPlan(Mutex<State>);

impl FaultPlan {
    pub(super) fn new(faults: Faults) -> Self {
        let plan = FaultPlan::default();
        plan.set(faults);
        plan
    }

    /// Replaces the faults and starts all counts again.
    pub(super) fn set(&self, faults: Faults) {
        let random = faults.seed;
        *self.lock() = State { faults, random, ..State::default() };
    }

    pub(super) fn get(&self) -> Faults {
        self.lock().faults.clone()
    }

    pub(super) fn fate(&self, is_write: bool) -> Fate {
        let mut state = self.lock();
        let mut fate = Fate { latency_ms: state.faults.latency_ms, before: Strike::None, after: OnTheWay::Whole };
        // Drawn for every call, so that one rate does not shift the other's sequence.
        let (limited, failed, kind) = (state.chance(), state.chance(), state.chance());
        let (reset, way) = (state.chance(), state.chance());
        if state.too_many() || limited < state.faults.rate_limited {
            fate.before = Strike::RateLimited { retry_after: state.faults.retry_after };
            return fate;
        }
        if failed < state.faults.server_error {
            let status = [500, 502, 503][((kind * 3.0) as usize).min(2)];
            fate.before = Strike::ServerError { status };
            return fate;
        }
        if is_write {
            // Only writes that reach the service count: a refused one is sent again and must meet the same fault.
            state.writes += 1;
            if state.faults.reset_before_write == Some(state.writes) {
                fate.before = Strike::Reset;
            }
            if reset < state.faults.resets_before {
                fate.before = Strike::Reset;
            }
        }
        let faults = &state.faults;
        let mut from = 0.0;
        let mut among = |share: f64| {
            from += share;
            way < from
        };
        fate.after = if is_write && (faults.reset_after_write == Some(state.writes) || among(faults.resets_after)) {
            OnTheWay::Reset
        } else if among(faults.cut_bodies) {
            OnTheWay::Half
        } else if among(faults.wrong_json) {
            OnTheWay::Garbled
        } else if among(faults.slow_bodies) {
            OnTheWay::Slow(faults.slow_ms)
        } else {
            OnTheWay::Whole
        };
        fate
    }

    pub(super) fn refuses_customer(&self, code: &str) -> bool {
        self.lock().faults.refuse_customers.iter().any(|refused| refused == code)
    }

    pub(super) fn store_certificate_but_fail(&self) -> bool {
        let mut state = self.lock();
        state.certificate_calls += 1;
        let drawn = state.faults.certificate_errors_but_stored > 0.0 && state.chance() < state.faults.certificate_errors_but_stored;
        drawn || state.faults.certificate_error_but_stored == Some(state.certificate_calls)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // The state is plain numbers: a panic elsewhere cannot leave it half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// A bucket that a second fills.
    fn too_many(&mut self) -> bool {
        let Some(rate) = self.faults.requests_per_second else { return false };
        let now = Instant::now();
        let (saved, since) = self.saved_up.unwrap_or((rate, now));
        let saved = (saved + now.duration_since(since).as_secs_f64() * rate).min(rate.max(1.0));
        let passes = saved >= 1.0;
        self.saved_up = Some((if passes { saved - 1.0 } else { saved }, now));
        !passes
    }

    /// SplitMix64: small, seeded and good enough to spread faults.
    fn chance(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        (z >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_faults() {
        let faults = Faults { seed: 7, rate_limited: 0.3, server_error: 0.3, ..Faults::default() };
        let run = |plan: &FaultPlan| (0..50).map(|i| plan.fate(i % 2 == 0)).collect::<Vec<_>>();
        let (one, two) = (FaultPlan::new(faults.clone()), FaultPlan::new(faults));
        let fates = run(&one);
        assert_eq!(fates, run(&two));
        assert!(fates.iter().any(|f| matches!(f.before, Strike::RateLimited { .. })));
        assert!(fates.iter().any(|f| f.before == Strike::None));
    }

    #[test]
    fn shares_strike_about_as_often_as_they_say() {
        let faults = Faults { cut_bodies: 0.2, wrong_json: 0.1, resets_after: 0.3, resets_before: 0.1, ..Faults::default() };
        let plan = FaultPlan::new(faults);
        let fates: Vec<Fate> = (0..2_000).map(|_| plan.fate(true)).collect();
        let share = |of: &dyn Fn(&Fate) -> bool| fates.iter().filter(|f| of(f)).count() as f64 / 2_000.0;
        for (found, said) in [
            (share(&|f| f.after == OnTheWay::Reset), 0.3),
            (share(&|f| f.after == OnTheWay::Half), 0.2),
            (share(&|f| f.after == OnTheWay::Garbled), 0.1),
            (share(&|f| f.before == Strike::Reset), 0.1),
        ] {
            assert!((found - said).abs() < 0.04, "{found} {said}");
        }
        let reads = FaultPlan::new(Faults { resets_after: 1.0, resets_before: 1.0, ..Faults::default() });
        assert_eq!(reads.fate(false), Fate { latency_ms: 0, before: Strike::None, after: OnTheWay::Whole }, "only writes are cut so");
    }

    #[test]
    fn only_the_named_write_is_cut() {
        let plan = FaultPlan::new(Faults { reset_after_write: Some(2), ..Faults::default() });
        let cuts: Vec<bool> = [true, false, true, true].map(|w| plan.fate(w).after == OnTheWay::Reset).to_vec();
        assert_eq!(cuts, [false, false, true, false]);
    }
}
