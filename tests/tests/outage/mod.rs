//! A clinic whose services go down: a step that calls through a connection, and every call of it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use holdfast_engine::breaker::{Listed, State, not_closed};
use holdfast_engine::definition::Files;
use holdfast_engine::definition::model::{ConnectionKind, Pack};
use holdfast_engine::id::ExecutionRef;
use holdfast_engine::operation::ErrorRecord;
use holdfast_engine::port::{Ports as _, Table};
use holdfast_engine::step::{Effect, Keeps, Step, StepContext, StepError, StepSpec};
use holdfast_tests::faulty::When;
use holdfast_tests::ready::ready;
use holdfast_tests::world::{Functions, Probe, Witness, World, load};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One call that a connection saw.
#[derive(Debug, Clone)]
pub struct Seen {
    pub at: Timestamp,
    pub tenant: String,
    pub connection: String,
    pub answered: bool,
}

/// How a connection that is down fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Down {
    /// Nothing is sent.
    Refuses,
    /// It may have acted, and did not.
    TimesOut,
    /// It says no for good.
    Says,
    /// It is called too often, and says so.
    TooOften,
}

#[derive(Debug, Default)]
pub struct Services {
    down: Vec<(String, Down)>,
    /// How many calls a connection answers in any second.
    limits: Vec<(String, usize)>,
    pub seen: Vec<Seen>,
}

impl Services {
    /// How a call of a tenant fails.
    fn failure(&self, tenant: &str, connection: &str, at: Timestamp) -> Option<Down> {
        let down = self.down.iter().find(|(name, _)| name == connection);
        let limit = self.limits.iter().find(|(name, _)| name == connection);
        let since = at - Duration::from_secs(1);
        let lately = self.seen.iter().rev().take_while(|call| call.at > since);
        let answered = lately
            .filter(|call| call.answered && call.connection == connection && call.tenant == tenant)
            .count();
        let over = limit.is_some_and(|(_, limit)| answered >= *limit);
        down.map(|(_, down)| *down)
            .or(over.then_some(Down::TooOften))
    }
}

/// The outside world, shared by the test and the step.
pub type Outside = Arc<Mutex<Services>>;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    #[expect(dead_code, reason = "only definitions look at it")]
    to: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    id: String,
}

pub struct CallService(Probe, Outside);

impl Step for CallService {
    const SPEC: StepSpec = StepSpec {
        name: "call-service",
        description: "Calls a service.",
        effect: Effect::Keyed,
        timeout: Duration::from_secs(10),
        concurrency: 1,
        connections: &[ConnectionKind::Http],
        keeps: Keeps::All,
    };
    type Input = Input;
    type Output = Output;

    async fn perform(&self, ctx: &StepContext<'_>, _: Input) -> Result<Output, StepError> {
        let Self(probe, outside) = self;
        let connection = ctx.connected()?.connection.name.to_string();
        let down = {
            let mut services = outside.lock().unwrap_or_else(PoisonError::into_inner);
            let tenant = ctx.envelope.execution.home.tenant.to_string();
            let down = services.failure(&tenant, &connection, ctx.now);
            let (at, answered) = (ctx.now, down.is_none());
            services.seen.push(Seen {
                at,
                tenant,
                connection: connection.clone(),
                answered,
            });
            down
        };
        match down {
            None => {
                let call = async { probe.effects.arrive(&connection, ctx.key, None) };
                if let Err(interrupted) = probe.faults.around(call).await {
                    return Err(match interrupted.when {
                        When::Before => StepError::transient("NotSent", "nothing was sent"),
                        When::After => unknown(),
                    });
                }
                let id = ctx.key.to_owned();
                Ok(Output { id })
            }
            Some(Down::Refuses) => Err(StepError::transient("NotSent", "connection refused")),
            Some(Down::TimesOut) => Err(unknown()),
            Some(Down::TooOften) => Err(StepError::transient("HttpStatus429", "too many")),
            Some(Down::Says) => Err(StepError::permanent("HttpStatus422", "no")),
        }
    }
}

fn unknown() -> StepError {
    StepError::Unknown {
        code: "OutcomeUnknown".to_owned(),
        message: "no answer in time".to_owned(),
        retry_after: None,
    }
}

/// A step through a connection that honours keys, and nothing else.
pub const KEYED: &str = "- { id: s, uses: call-service, via: mail, with: { to: a } }";

/// The same through one that may be called once a minute.
pub const RARE: &str = "- { id: s, uses: call-service, via: rare, with: { to: a } }";

const PACK: &str = "\
pack: clinic
hours:
  office: { tz: Europe/Berlin, open: { mon-fri: \"08:00-18:00\", sat: \"09:00-12:00\" }, holidays: [2027-01-18] }
  evening: { tz: Europe/Berlin, open: { mon-sun: \"17:00-22:00\" } }
";

/// A pack whose workflow `w` has these steps; `raw` honours no keys, `rare` and `busy` have a rate,
/// `desk` has hours, `queue` has both.
pub fn pack(steps: &str) -> Arc<Pack> {
    let keys = "idempotency: { header: Idempotency-Key, window: 30d }\n";
    let connection = |name: &str, more: &str| {
        let text = format!("connection: {name}\nkind: http\nurl: https://{name}.example\n{more}");
        (format!("{name}.connection.yaml"), text)
    };
    let workflow = format!(
        "workflow: w\ndescription: Calls services.\nowner: nobody\nseverity: P1\n\
         trigger: {{ record: {{ type: deal, on: updated }} }}\nsteps:\n  {}\n",
        steps.replace('\n', "\n  ")
    );
    let deal = "record: deal\nkey: [name]\nfields:\n  name: { type: string, required: true }\n  at: { type: datetime }\n\
                states: [new, won]\ninitial: new\ntransitions: []\n";
    let files: Files = [
        ("pack.yaml".to_owned(), PACK.to_owned()),
        ("deal.record.yaml".to_owned(), deal.to_owned()),
        ("w.workflow.yaml".to_owned(), workflow),
        connection("mail", keys),
        connection("backup", keys),
        connection("raw", ""),
        connection("rare", &format!("{keys}rate: 1/m\n")),
        connection("busy", &format!("{keys}rate: 8/s\n")),
        connection("desk", &format!("{keys}hours: office\n")),
        connection("queue", &format!("{keys}hours: office\nrate: 8/s\n")),
    ]
    .into();
    load(&files, &Functions::scripted().with::<CallService>())
}

/// A world with services that can go down.
pub struct Clinic {
    pub world: World,
    pub outside: Outside,
    pub executions: Mutex<Vec<ExecutionRef>>,
}

impl Clinic {
    pub fn of(steps: &str) -> Self {
        let outside = Outside::default();
        let mut world = World::scripted(1, &pack(steps));
        world.add(CallService(world.probe(), Arc::clone(&outside)));
        let executions = Mutex::default();
        Self {
            world,
            outside,
            executions,
        }
    }

    pub fn down(&self, connection: &str, how: Down) {
        self.outside
            .lock()
            .unwrap()
            .down
            .push((connection.to_owned(), how));
    }

    /// Lets a connection answer so many calls of a tenant in any second, and refuse all others.
    pub fn limit(&self, connection: &str, calls: usize) {
        let limit = (connection.to_owned(), calls);
        self.outside.lock().unwrap().limits.push(limit);
    }

    pub fn up(&self) {
        self.outside.lock().unwrap().down.clear();
    }

    /// Starts one execution more.
    pub fn start(&self) {
        let mut executions = self.executions.lock().unwrap();
        let event = format!("sent:{}", executions.len());
        executions.push(self.world.start(&event));
    }

    /// Delivers and lets time pass until then.
    pub fn run_until(&self, end: Timestamp) {
        loop {
            while self.world.deliver().is_some() {}
            let (queue, timers) = (self.world.memory.queue(), self.world.memory.timers());
            let next = [queue.next_visible(), timers.next_due()];
            if next
                .into_iter()
                .flatten()
                .min()
                .is_none_or(|next| next > end)
            {
                return self.world.memory.clock().advance_to(end);
            }
            self.world.wait();
        }
    }

    pub fn run_for(&self, time: Duration) {
        self.run_until(self.world.now() + time);
    }

    /// Starts an execution every so often, for so long.
    pub fn busy(&self, every: Duration, time: Duration) {
        let end = self.world.now() + time;
        while self.world.now() < end {
            self.start();
            self.run_for(every);
        }
    }

    /// Fails so many executions at once, which opens the breaker of `mail`.
    pub fn break_mail(&self, executions: usize) {
        self.down("mail", Down::Refuses);
        (0..executions).for_each(|_| self.start());
        self.run_for(Duration::from_secs(1));
    }

    pub fn calls(&self) -> Vec<Seen> {
        self.outside.lock().unwrap().seen.clone()
    }

    /// The name of a breaker's state; `none` without an item.
    pub fn breaker(&self, sort: &str) -> &'static str {
        let items = self
            .world
            .memory
            .journal()
            .items(Table::Claims, "t#breaker");
        let item = items.into_iter().find(|(key, _)| key.sort == sort);
        item.map_or("none", |(_, item)| {
            serde_json::from_str::<State>(&item.body).unwrap().name()
        })
    }

    pub fn mail(&self) -> &'static str {
        self.breaker("connection#clinic/mail")
    }

    pub fn listed(&self) -> Vec<Listed> {
        ready(not_closed(
            self.world.memory.as_ref(),
            &World::home().tenant,
        ))
        .unwrap()
    }

    pub fn errors(&self) -> Vec<ErrorRecord> {
        Witness::of(&self.world).errors
    }

    /// Executions by the state of their step `s.1`.
    pub fn in_state(&self, step: &str, state: &str) -> usize {
        let seen = Witness::of(&self.world);
        let executions = self.executions.lock().unwrap();
        let all = executions.iter();
        all.filter(|execution| seen.state(execution, step) == state)
            .count()
    }

    pub fn started(&self) -> usize {
        self.executions.lock().unwrap().len()
    }

    /// Nothing is lost, nothing is twice, nothing needs a person.
    pub fn assert_all_done(&self, connection: &str) {
        let started = self.started();
        assert_eq!(self.in_state("s.1", "succeeded"), started);
        assert_eq!(self.world.effects.distinct(connection), started);
        assert_eq!(self.world.effects.raw(connection), started, "none twice");
        let seen = Witness::of(&self.world);
        assert_eq!(seen.open_codes(), Vec::<&str>::new());
        assert_eq!(seen.reviews.len(), 0);
        let queue = self.world.memory.queue();
        assert_eq!((queue.len(), queue.dead().len()), (0, 0));
    }
}
