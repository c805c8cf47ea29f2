//! Workers: one loop per function, which receives and handles as many deliveries at once as the
//! function allows, one for the timers, and one that looks for what nobody noticed. The only place
//! where tasks start.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use holdfast_engine::alert::{Silence, silences};
use holdfast_engine::port::{Clock, Definitions, Delivery, PortError, Verdict};
use holdfast_engine::quality;
use holdfast_engine::sweep::Sweep;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::ports::EmbeddedPorts;
use crate::registry::Function;
use crate::store::{QueueSettings, SqliteQueue, SqliteTimers};

/// How long a loop rests after its store failed.
const REST: Duration = Duration::from_millis(200);

/// How long a delivery waits whose handler panicked.
const AFTER_PANIC: Duration = Duration::from_secs(5);

/// How often somebody looks for what nobody noticed.
const LOOK: Duration = Duration::from_mins(1);

/// How often what was counted of the data that came in is added.
const COUNT: Duration = Duration::from_secs(10);

/// The loops of all functions and of the timers.
#[derive(Debug)]
pub(crate) struct Workers {
    stop: watch::Sender<bool>,
    loops: JoinSet<()>,
}

impl Workers {
    /// Starts a loop for each function, one for the timers, and one that looks around.
    pub(crate) fn start<C: Clock + Clone + 'static>(
        functions: Vec<Function>,
        ports: &Arc<EmbeddedPorts<C>>,
    ) -> Self {
        let (queue, clock) = (&ports.queue, &ports.clock);
        let (stop, stopped) = watch::channel(false);
        let mut loops = JoinSet::new();
        for function in functions {
            let settings = QueueSettings {
                visibility: function.visibility,
                ..QueueSettings::default()
            };
            queue.configure(&function.queue, settings);
            loops.spawn(serve(
                function,
                queue.clone(),
                clock.clone(),
                stopped.clone(),
            ));
        }
        let timers = ports.timers.clone();
        loops.spawn(fire(timers, clock.clone(), stopped.clone()));
        loops.spawn(count_up(Arc::clone(ports), stopped.clone()));
        loops.spawn(look_around(Arc::clone(ports), stopped));
        Self { stop, loops }
    }

    /// Stops receiving, and waits for what is being handled.
    pub(crate) async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.loops.join_next().await.is_some() {}
    }
}

async fn serve<C: Clock + Clone + 'static>(
    function: Function,
    queue: SqliteQueue<C>,
    clock: C,
    mut stopped: watch::Receiver<bool>,
) {
    let permits = Arc::new(Semaphore::new(function.concurrency));
    let mut handling = JoinSet::new();
    loop {
        let received = tokio::select! {
            biased;
            _ = stopped.wait_for(|stop| *stop) => break,
            received = receive(&function, &queue, &permits) => received,
        };
        match received {
            Ok(deliveries) => {
                for delivery in deliveries {
                    let Ok(permit) = Arc::clone(&permits).acquire_owned().await else {
                        break;
                    };
                    let (handler, queue) = (Arc::clone(&function.handler), queue.clone());
                    handling.spawn(async move {
                        let verdict = unless_panicked(handler.handle(&delivery), &delivery).await;
                        queue.settle(&delivery, verdict);
                        drop(permit);
                    });
                }
            }
            Err(error) => {
                tracing::error!(queue = %function.queue, error = %error, "nothing is received");
                clock.sleep(REST).await;
            }
        }
        while handling.try_join_next().is_some() {}
    }
    while handling.join_next().await.is_some() {}
}

/// Receives as many deliveries as may be handled now.
async fn receive<C: Clock>(
    function: &Function,
    queue: &SqliteQueue<C>,
    permits: &Semaphore,
) -> Result<Vec<Delivery>, PortError> {
    let free = match permits.acquire().await {
        Ok(permit) => {
            drop(permit);
            permits.available_permits().max(1)
        }
        Err(_closed) => 1,
    };
    queue.receive(&function.queue, free).await
}

/// A panic is this delivery's failure, and no other's.
async fn unless_panicked(handling: impl Future<Output = Verdict>, delivery: &Delivery) -> Verdict {
    let mut handling = std::pin::pin!(handling);
    std::future::poll_fn(|context| {
        if let Ok(poll) = std::panic::catch_unwind(AssertUnwindSafe(|| handling.as_mut().poll(context))) { poll } else {
            tracing::error!(queue = %delivery.queue, message.id = %delivery.message_id.0, "the handler panicked");
            std::task::Poll::Ready(Verdict::RetryAfter(AFTER_PANIC))
        }
    })
    .await
}

async fn fire<C: Clock>(timers: SqliteTimers<C>, clock: C, mut stopped: watch::Receiver<bool>) {
    loop {
        let fired = tokio::select! {
            biased;
            _ = stopped.wait_for(|stop| *stop) => return,
            fired = timers.tick() => fired,
        };
        if let Err(error) = fired {
            tracing::error!(error = %error, "timers do not fire");
            clock.sleep(REST).await;
        }
    }
}

/// Adds what was counted of the data that came in.
async fn count_up<C: Clock + Clone + 'static>(
    ports: Arc<EmbeddedPorts<C>>,
    mut stopped: watch::Receiver<bool>,
) {
    loop {
        tokio::select! {
            biased;
            _ = stopped.wait_for(|stop| *stop) => return,
            () = ports.clock.sleep(COUNT) => {}
        }
        quality::flush(ports.as_ref()).await;
    }
}

/// Looks for dead letters without an error record, and for a path of alerts that is silent.
async fn look_around<C: Clock + Clone + 'static>(
    ports: Arc<EmbeddedPorts<C>>,
    mut stopped: watch::Receiver<bool>,
) {
    let (mut sweep, mut silent) = (Sweep::default(), Vec::new());
    loop {
        if let Err(error) = look(&ports, &mut sweep, &mut silent).await {
            tracing::error!(error = %error, "nobody looks for what went unnoticed");
        }
        tokio::select! {
            biased;
            _ = stopped.wait_for(|stop| *stop) => return,
            () = ports.clock.sleep(LOOK) => {}
        }
    }
}

async fn look<C: Clock + Clone + 'static>(
    ports: &EmbeddedPorts<C>,
    sweep: &mut Sweep,
    silent: &mut Vec<Silence>,
) -> Result<(), PortError> {
    sweep.pass(ports).await?;
    let tenants = ports.definitions.tenants().await?;
    for tenant in &tenants {
        let store = ports.journal.store();
        store.remove_passed(tenant, ports.clock.now()).await?;
    }
    let found = silences(ports, &tenants).await?;
    for silence in found.iter().filter(|one| !silent.contains(one)) {
        tracing::error!("{silence}");
    }
    *silent = found;
    Ok(())
}
