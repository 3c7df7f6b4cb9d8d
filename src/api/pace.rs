//! How many requests are in flight, and how many go out a second: both follow the service's answers.
//!
//! Owns: the number in flight (it grows while answers come as quickly as ever and halves when the service says "too many"), the rate after
//! a "too many", the pause that the service asks for, and the breaker that ends a run against a service that is down.
//! Must not touch: the network, what a request means.
//! Called by: `transport`, which asks for leave before each attempt and tells how it ended.
//!
//! No published number says what the services allow, so it is found out: additive increase and multiplicative decrease for the number in
//! flight, as TCP does it (RFC 5681), and for the rate after a refusal a step below what went through just before, then slow growth.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Of the rate that went through before a refusal, this share is tried next.
const STEP_DOWN: f64 = 0.9;
/// The rate grows by this share of itself each second without a refusal, and by more the longer there is none.
const GROWTH: f64 = 0.01;
/// An answer counts as quick up to this many times the quickest of its kind, and some more.
const QUICK_TIMES: f64 = 2.0;
const QUICK_MORE: Duration = Duration::from_millis(15);
/// The rate before a refusal is measured over this time.
const MEASURED: Duration = Duration::from_secs(2);
/// So many failures in a row, over at least so long, open the breaker. A wave of connections that break together is one failure of the line.
const FAILURES: u32 = 10;
const FAILING_FOR: Duration = Duration::from_secs(10);
/// So many in a row, one request's own tries among them, are enough where one has used up all of its tries.
const GIVE_UP: u32 = 3;
/// An open breaker lets nothing out for this long; then one more failure opens it again.
const OPEN_FOR: Duration = Duration::from_secs(30);

/// How an attempt ended, as far as the pace is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The service answered, kindly or not.
    Answered,
    /// Too many requests; with the pause that the service asks for.
    Limited(Option<Duration>),
    /// No answer, or one that says that the service is down.
    Down,
}

/// The breaker is open: the service has failed this often in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken {
    pub failures: u32,
}

#[derive(Debug)]
pub(super) struct Pace {
    state: Mutex<State>,
    freed: Notify,
}

#[derive(Debug)]
struct State {
    in_flight: usize,
    /// So many may be in flight; at least 1.
    limit: f64,
    most: usize,
    /// Until the first refusal or slow answer, every quick answer adds one.
    starting: bool,
    /// Requests a second; `None` while no refusal has told of a limit.
    rate: Option<f64>,
    /// The rate was last set or grown at.
    grown: Instant,
    /// The next request goes out no sooner.
    next: Instant,
    last_refusal: Option<Instant>,
    /// When the latest requests that were let through went out.
    went_through: VecDeque<Instant>,
    quickest: HashMap<&'static str, Duration>,
    failures: u32,
    failing_since: Option<Instant>,
    open_until: Option<Instant>,
}

/// Leave to send one request. Who drops it without a word has given up.
#[derive(Debug)]
pub(super) struct Leave<'a> {
    pace: &'a Pace,
    call: &'static str,
    since: Instant,
    told: bool,
}

impl Pace {
    /// Begins with `first` requests in flight and never has more than `most`.
    pub fn new(first: usize, most: usize) -> Self {
        let now = Instant::now();
        let most = most.max(1);
        Self {
            state: Mutex::new(State {
                in_flight: 0,
                limit: first.clamp(1, most) as f64,
                most,
                starting: true,
                rate: None,
                grown: now,
                next: now,
                last_refusal: None,
                went_through: VecDeque::new(),
                quickest: HashMap::new(),
                failures: 0,
                failing_since: None,
                open_until: None,
            }),
            freed: Notify::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Plain numbers: a panic elsewhere can't leave them half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until one more request may go out.
    pub async fn leave(&self, call: &'static str) -> Result<Leave<'_>, Broken> {
        loop {
            let freed = self.freed.notified();
            let wait = {
                let mut state = self.lock();
                let now = Instant::now();
                if state.open_until.is_some_and(|until| now < until) {
                    return Err(Broken { failures: state.failures });
                }
                state.grow_rate(now);
                match (state.in_flight < state.limit as usize, state.next) {
                    (false, _) => None,
                    (true, next) if next > now => Some(next),
                    (true, _) => {
                        state.in_flight += 1;
                        if let Some(rate) = state.rate {
                            // What was not used is not saved up: a burst is what the service refused.
                            state.next = now.max(state.next) + Duration::from_secs_f64(1.0 / rate);
                        }
                        return Ok(Leave { pace: self, call, since: now, told: false });
                    }
                }
            };
            match wait {
                Some(until) => tokio::time::sleep_until(until).await,
                None => freed.await,
            }
        }
    }

    /// A request is given up for a service that is down: nothing else need try as long.
    pub fn gave_up(&self) {
        let mut state = self.lock();
        if state.failures >= GIVE_UP {
            state.open_until = Some(Instant::now() + OPEN_FOR);
        }
        drop(state);
        self.freed.notify_waiters();
    }

    #[cfg(test)]
    fn limit(&self) -> usize {
        self.lock().limit as usize
    }
}

impl Leave<'_> {
    pub fn ended(mut self, how: Ended) {
        self.told = true;
        let now = Instant::now();
        self.pace.lock().ended(self.call, self.since, now, how);
        self.pace.freed.notify_waiters();
    }
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        if !self.told {
            self.pace.lock().in_flight -= 1;
            self.pace.freed.notify_waiters();
        }
    }
}

impl State {
    fn grow_rate(&mut self, now: Instant) {
        let (Some(rate), Some(refused)) = (self.rate, self.last_refusal) else { return };
        let passed = now.saturating_duration_since(self.grown);
        if passed < Duration::from_millis(100) {
            return;
        }
        // The longer ago the refusal, the less it tells.
        let age = now.saturating_duration_since(refused).as_secs_f64();
        let growth = GROWTH * (1.0 + age / 15.0);
        self.rate = Some(rate * (1.0 + growth * passed.as_secs_f64()));
        self.grown = now;
    }

    fn ended(&mut self, call: &'static str, since: Instant, now: Instant, how: Ended) {
        self.in_flight -= 1;
        match how {
            Ended::Answered => {
                self.failures = 0;
                self.failing_since = None;
                self.open_until = None;
                self.note(since, now);
                self.answered(call, now.saturating_duration_since(since));
            }
            Ended::Limited(asked) => self.limited(since, now, asked),
            Ended::Down => {
                self.failures = self.failures.saturating_add(1);
                let failing_since = *self.failing_since.get_or_insert(now);
                self.starting = false;
                if self.failures >= FAILURES && now.saturating_duration_since(failing_since) >= FAILING_FOR {
                    self.open_until = Some(now + OPEN_FOR);
                }
            }
        }
    }

    fn note(&mut self, since: Instant, now: Instant) {
        self.went_through.push_back(since);
        self.forget(now);
    }

    fn forget(&mut self, now: Instant) {
        while self.went_through.front().is_some_and(|first| now.saturating_duration_since(*first) > MEASURED) {
            self.went_through.pop_front();
        }
    }

    /// A quick answer makes room for more.
    fn answered(&mut self, call: &'static str, took: Duration) {
        let quickest = self.quickest.entry(call).or_insert(took);
        *quickest = took.min(*quickest);
        let quick = took <= quickest.mul_f64(QUICK_TIMES) + QUICK_MORE;
        // Only when the room there was is used does an answer tell anything of more.
        let used = self.in_flight + 1 >= self.limit as usize;
        match (quick, used) {
            (true, true) => self.limit += if self.starting { 1.0 } else { 1.0 / self.limit },
            (false, true) => self.starting = false,
            _ => {}
        }
        self.limit = self.limit.min(self.most as f64);
    }

    fn limited(&mut self, since: Instant, now: Instant, asked: Option<Duration>) {
        if let Some(asked) = asked {
            self.next = self.next.max(now + asked);
        }
        self.starting = false;
        // Requests that were on their way when the limit was cut tell nothing new.
        if self.last_refusal.is_some_and(|last| since <= last) {
            return;
        }
        self.last_refusal = Some(now);
        self.limit = (self.limit / 2.0).max(2.0).min(self.most as f64);
        self.forget(now);
        // Refused after a silence: that tells of no rate.
        let Some(first) = self.went_through.front().copied() else { return };
        let over = now.saturating_duration_since(first).as_secs_f64().max(0.1);
        let measured = (self.went_through.len() as f64 / over).min(self.rate.unwrap_or(f64::MAX));
        self.rate = Some((measured * STEP_DOWN).max(0.2));
        self.grown = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn one(pace: &Pace, took: u64, how: Ended) {
        let leave = pace.leave("X").await.unwrap();
        tokio::time::advance(Duration::from_millis(took)).await;
        leave.ended(how);
    }

    #[tokio::test(start_paused = true)]
    async fn quick_answers_make_room_and_a_refusal_halves_it() {
        let pace = Pace::new(2, 32);
        for _ in 0..40 {
            let room = pace.limit();
            let mut leaves = Vec::new();
            for _ in 0..room {
                leaves.push(pace.leave("X").await.unwrap());
            }
            tokio::time::advance(Duration::from_millis(20)).await;
            leaves.into_iter().for_each(|leave| leave.ended(Ended::Answered));
        }
        assert_eq!(pace.limit(), 32);
        one(&pace, 20, Ended::Limited(None)).await;
        assert_eq!(pace.limit(), 16);
    }

    #[tokio::test(start_paused = true)]
    async fn refusals_of_one_wave_cut_once() {
        let pace = Pace::new(16, 16);
        let mut leaves = Vec::new();
        for _ in 0..16 {
            leaves.push(pace.leave("X").await.unwrap());
        }
        tokio::time::advance(Duration::from_millis(20)).await;
        leaves.into_iter().for_each(|leave| leave.ended(Ended::Limited(None)));
        assert_eq!(pace.limit(), 8);
    }

    #[tokio::test(start_paused = true)]
    async fn slow_answers_make_no_room() {
        let pace = Pace::new(2, 32);
        one(&pace, 20, Ended::Answered).await;
        for _ in 0..100 {
            let leaves = [pace.leave("X").await.unwrap(), pace.leave("X").await.unwrap()];
            tokio::time::advance(Duration::from_millis(300)).await;
            leaves.into_iter().for_each(|leave| leave.ended(Ended::Answered));
        }
        assert_eq!(pace.limit(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn the_pause_that_is_asked_for_holds_for_all() {
        let pace = Pace::new(4, 8);
        one(&pace, 5, Ended::Limited(Some(Duration::from_secs(7)))).await;
        let before = Instant::now();
        pace.leave("Y").await.unwrap().ended(Ended::Answered);
        assert!(before.elapsed() >= Duration::from_secs(7));
    }

    /// A service that lets 50 requests a second through, with a second's worth saved up.
    #[tokio::test(start_paused = true)]
    async fn a_limited_service_is_used_and_not_pressed() {
        for retry_after in [None, Some(Duration::from_secs(1))] {
            let pace = Pace::new(2, 32);
            let bucket = Mutex::new((50.0f64, Instant::now()));
            let (through, refused) = (Mutex::new(0u32), Mutex::new(0u32));
            let begun = Instant::now();
            let worker = async || {
                while begun.elapsed() < Duration::from_secs(120) {
                    let leave = pace.leave("X").await.unwrap();
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    let passes = {
                        let mut bucket = bucket.lock().unwrap();
                        let now = Instant::now();
                        bucket.0 = (bucket.0 + (now - bucket.1).as_secs_f64() * 50.0).min(50.0);
                        bucket.1 = now;
                        let passes = bucket.0 >= 1.0;
                        bucket.0 -= f64::from(u8::from(passes));
                        passes
                    };
                    *if passes { &through } else { &refused }.lock().unwrap() += 1;
                    leave.ended(if passes { Ended::Answered } else { Ended::Limited(retry_after) });
                }
            };
            futures_util::future::join_all((0..40).map(|_| worker())).await;
            let (through, refused) = (*through.lock().unwrap(), *refused.lock().unwrap());
            assert!(through >= 50 * 120 * 9 / 10, "{retry_after:?}: {through} went through, {refused} were refused");
            assert!(refused * 20 <= through, "{retry_after:?}: {through} went through, {refused} were refused");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_is_down_opens_the_breaker_and_an_answer_closes_it() {
        let pace = Pace::new(4, 8);
        for _ in 0..FAILURES {
            one(&pace, 2_000, Ended::Down).await;
        }
        assert_eq!(pace.leave("X").await.unwrap_err(), Broken { failures: FAILURES });
        tokio::time::advance(OPEN_FOR).await;
        one(&pace, 10, Ended::Answered).await;
        one(&pace, 10, Ended::Down).await;
        assert!(pace.leave("X").await.is_ok());
        // A wave that breaks at once is one failure.
        for _ in 0..FAILURES {
            one(&pace, 0, Ended::Down).await;
        }
        assert!(pace.leave("X").await.is_ok());
        pace.gave_up();
        assert!(pace.leave("X").await.is_err());
    }
}
