//! Which call fails, and how: by number, or at random from a seed.

use std::future::{Future, pending, poll_fn};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use holdfast_engine::port::PortError;

use crate::random::Random;

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The process dies: the call never returns, and whoever polls it drops the delivery.
    Crash,
    /// The service throttles.
    Throttle,
    /// The service does not answer.
    Unavailable,
    /// A commit meets a conflict that is none; other calls are unavailable.
    Conflict,
}

/// When a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Before it took effect.
    Before,
    /// After it took effect.
    After,
}

/// A call that failed on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted {
    /// How.
    pub fault: Fault,
    /// When.
    pub when: When,
}

/// Which calls fail.
#[derive(Debug, Clone, Default)]
pub enum Schedule {
    /// None.
    #[default]
    Never,
    /// The n-th from now, from 1.
    Nth(u64, Interrupted),
    /// This many percent, with every kind of fault.
    Seeded(Random, usize),
}

#[derive(Debug, Default)]
struct Plan {
    calls: u64,
    schedule: Schedule,
    died: bool,
    interleaves: bool,
    yielded: bool,
}

/// Decides about every call.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Plan>);

impl Faults {
    /// Sets which calls fail, and counts from 0 again.
    pub fn schedule(&self, schedule: Schedule) {
        let mut plan = self.plan();
        (plan.calls, plan.schedule, plan.died) = (0, schedule, false);
    }

    /// Lets every call stop once before it is made, so that deliveries can be interleaved.
    pub fn interleave(&self, interleaves: bool) {
        self.plan().interleaves = interleaves;
    }

    /// Whether a call stopped for others since the last look.
    pub fn yielded(&self) -> bool {
        std::mem::take(&mut self.plan().yielded)
    }

    /// How many calls were made since the schedule was set.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.plan().calls
    }

    /// Whether a call killed the process since the last look.
    pub fn died(&self) -> bool {
        std::mem::take(&mut self.plan().died)
    }

    /// Makes a call, or fails in its place.
    ///
    /// # Errors
    /// [`Interrupted`] when the schedule says so. A crash does not return.
    pub async fn around<T>(&self, call: impl Future<Output = T>) -> Result<T, Interrupted> {
        self.step_aside().await;
        let planned = self.next();
        let Some(interrupted) = planned else {
            return Ok(call.await);
        };
        if interrupted.when == When::After {
            drop(call.await);
        }
        if interrupted.fault == Fault::Crash {
            self.plan().died = true;
            pending::<()>().await;
        }
        Err(interrupted)
    }

    /// Makes a call of a port, or fails in its place.
    ///
    /// # Errors
    /// The port's own, or the one that the schedule asks for.
    pub async fn port<T, E: From<PortError>>(
        &self,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        match self.around(call).await {
            Ok(result) => result,
            Err(interrupted) => Err(interrupted.error().into()),
        }
    }

    async fn step_aside(&self) {
        let mut aside = !self.plan().interleaves;
        poll_fn(|context| {
            if std::mem::replace(&mut aside, true) {
                return Poll::Ready(());
            }
            self.plan().yielded = true;
            // Where several wait together, only those that are awake are asked.
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    fn next(&self) -> Option<Interrupted> {
        let mut plan = self.plan();
        plan.calls += 1;
        let calls = plan.calls;
        match &mut plan.schedule {
            Schedule::Never => None,
            Schedule::Nth(call, interrupted) => (calls == *call).then_some(*interrupted),
            Schedule::Seeded(random, percent) => {
                random.percent(*percent).then(|| Interrupted::any(random))
            }
        }
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Interrupted {
    /// A crash at this moment of a call.
    #[must_use]
    pub fn crash(when: When) -> Self {
        let fault = Fault::Crash;
        Self { fault, when }
    }

    fn any(random: &mut Random) -> Self {
        let fault = match random.below(6) {
            0 => Fault::Throttle,
            1 => Fault::Unavailable,
            2 => Fault::Conflict,
            _ => Fault::Crash,
        };
        let when = if random.percent(50) {
            When::Before
        } else {
            When::After
        };
        Self { fault, when }
    }

    /// The error that a port reports.
    #[must_use]
    pub fn error(self) -> PortError {
        match self.fault {
            Fault::Throttle => PortError::Throttled,
            Fault::Crash | Fault::Unavailable | Fault::Conflict => {
                PortError::Unavailable("on purpose".to_owned())
            }
        }
    }
}
