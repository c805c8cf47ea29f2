//! An office that looks up its contacts: a step that calls once for many executions, and every
//! call of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use holdfast_engine::definition::Files;
use holdfast_engine::definition::model::{ConnectionKind, Pack};
use holdfast_engine::entry::StepEntry;
use holdfast_engine::id::ExecutionRef;
use holdfast_engine::port::Ports as _;
use holdfast_engine::step::{Batching, Effect, Keeps, Step, StepContext, StepError, StepSpec};
use holdfast_engine::{id::StepKey, key};
use holdfast_tests::faulty::When;
use holdfast_tests::world::{Functions, Probe, World, load};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

/// One call.
#[derive(Debug, Clone)]
pub struct Looked {
    pub at: Timestamp,
    pub key: String,
    pub path: String,
    pub inputs: Vec<u64>,
    pub answered: bool,
}

/// What the directory answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mood {
    /// One answer for each input.
    #[default]
    Each,
    /// One that knows nothing of the contact 3.
    AllButThree,
    /// One answer too few.
    Short,
    /// Nothing is sent.
    Down,
    /// It may have acted, and says nothing.
    Silent,
}

#[derive(Debug, Default)]
pub struct Directory {
    pub mood: Mood,
    pub calls: Vec<Looked>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    path: String,
    json: Json,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    status: u16,
    body: Json,
}

pub struct LookUp(Probe, Arc<Mutex<Directory>>);

/// How many calls the directory answers in any second.
const LIMIT: usize = 8;

impl Directory {
    fn answer(&mut self, call: Looked) -> Result<Output, StepError> {
        let since = call.at - Duration::from_secs(1);
        let lately = self.calls.iter().rev().take_while(|one| one.at > since);
        let refused = lately.filter(|one| one.answered).count() >= LIMIT;
        let inputs = call.inputs.clone();
        let answered = !refused && !matches!(self.mood, Mood::Down | Mood::Silent);
        self.calls.push(Looked { answered, ..call });
        if refused {
            return Err(StepError::transient("HttpStatus429", "too many"));
        }
        let answer = |input: &u64| json!({ "company": format!("c-{input}") });
        let mut answers: Vec<Json> = inputs.iter().map(answer).collect();
        match self.mood {
            Mood::Each => {}
            Mood::AllButThree => {
                let three = inputs.iter().position(|input| *input == 3);
                if let Some(three) = three {
                    answers[three] = json!({ "company": 3 });
                }
            }
            Mood::Short => drop(answers.pop()),
            Mood::Down => return Err(StepError::transient("NotSent", "connection refused")),
            Mood::Silent => {
                return Err(StepError::Unknown {
                    code: "OutcomeUnknown".to_owned(),
                    message: "no answer in time".to_owned(),
                    retry_after: None,
                });
            }
        }
        let body = Json::Array(answers);
        Ok(Output { status: 200, body })
    }
}

impl Step for LookUp {
    const SPEC: StepSpec = StepSpec {
        name: "look-up",
        description: "Looks up contacts.",
        effect: Effect::Keyed,
        timeout: Duration::from_secs(10),
        concurrency: 1,
        connections: &[ConnectionKind::Http],
        keeps: Keeps::Only(&["status"]),
    };
    const BATCHING: Option<Batching> = Some(Batching {
        input: "json",
        output: "body",
    });
    type Input = Input;
    type Output = Output;

    async fn perform(&self, ctx: &StepContext<'_>, input: Input) -> Result<Output, StepError> {
        let Self(probe, directory) = self;
        let list = match input.json {
            Json::Array(list) => list,
            one => vec![one],
        };
        let call = Looked {
            at: ctx.now,
            key: ctx.key.to_owned(),
            path: input.path,
            inputs: list.iter().filter_map(Json::as_u64).collect(),
            answered: false,
        };
        let answered = probe.faults.around(async {
            let mut directory = directory.lock().unwrap_or_else(PoisonError::into_inner);
            directory.answer(call)
        });
        match answered.await {
            Ok(answer) => answer,
            Err(interrupted) if interrupted.when == When::Before => {
                Err(StepError::transient("NotSent", "nothing was sent"))
            }
            Err(_) => Err(StepError::Unknown {
                code: "OutcomeUnknown".to_owned(),
                message: "no answer in time".to_owned(),
                retry_after: None,
            }),
        }
    }
}

/// A step that looks up a contact in batches of at most a thousand, one each minute.
pub const BATCHED: &str = "batch: { window: 60s, max: 1000 }";

/// A pack whose workflow `w` looks up a contact, with more members of the step, and tells of it.
fn pack(more: &str) -> Arc<Pack> {
    let workflow = format!(
        "workflow: w\ndescription: Looks up a contact.\nowner: nobody\nseverity: P2\n\
         trigger: {{ record: {{ type: contact, on: created }} }}\nsteps:\n  \
         - id: find\n    uses: look-up\n    via: directory\n    \
         with: {{ path: =record.path, json: =record.number }}\n    {more}\n  \
         - {{ id: tell, uses: keyed-effect, with: {{ to: \"{{{{ record.name }}}}\" }} }}\n"
    );
    let contact = "record: contact\nkey: [name]\nfields:\n  name: { type: string, required: true }\n  \
                   number: { type: integer }\n  path: { type: string }\nstates: [new]\n\
                   initial: new\ntransitions: []\n";
    let directory = "connection: directory\nkind: http\nurl: https://directory.example\n\
                     rate: 8/s\nidempotency: { header: Idempotency-Key, window: 30d }\n";
    let files: Files = [
        ("pack.yaml", "pack: office\n".to_owned()),
        ("contact.record.yaml", contact.to_owned()),
        ("directory.connection.yaml", directory.to_owned()),
        ("w.workflow.yaml", workflow),
    ]
    .map(|(path, text)| (path.to_owned(), text))
    .into();
    load(&files, &Functions::scripted().with::<LookUp>())
}

/// The result of the step in a contact's own answer.
pub const RETURNS: &str = "returns: { company: { type: string, from: response.body.company } }";

/// A world with a directory.
pub struct Office {
    pub world: World,
    pub directory: Arc<Mutex<Directory>>,
    executions: Mutex<Vec<ExecutionRef>>,
}

impl Office {
    /// An office whose step has these members, and `returns`.
    pub fn of(more: &str) -> Self {
        Self::with(&format!("{more}\n    {RETURNS}"))
    }

    /// An office whose step has these members.
    pub fn with(more: &str) -> Self {
        let directory = Arc::default();
        let mut world = World::scripted(1, &pack(more));
        world.add(LookUp(world.probe(), Arc::clone(&directory)));
        let executions = Mutex::default();
        Self {
            world,
            directory,
            executions,
        }
    }

    pub fn is(&self, mood: Mood) {
        self.directory.lock().unwrap().mood = mood;
    }

    /// Begins with so many contacts more.
    pub fn import(&self, contacts: usize) {
        self.import_at("/find", contacts);
    }

    pub fn import_at(&self, path: &str, contacts: usize) {
        let mut executions = self.executions.lock().unwrap();
        for _ in 0..contacts {
            let number = executions.len();
            let home = format!("t/contact/{number}").parse().unwrap();
            let record = json!({
                "id": number.to_string(), "name": format!("n{number}"), "number": number,
                "path": path, "status": "new", "version": 1,
            });
            let event = format!("sent:{number}");
            let execution = self.world.start_at(&home, "w", &event, Some(record));
            executions.push(execution);
        }
    }

    pub fn calls(&self) -> Vec<Looked> {
        self.directory.lock().unwrap().calls.clone()
    }

    /// The entries of a step, by the number of their contact.
    pub fn entries(&self, step: &str) -> BTreeMap<usize, StepEntry> {
        let step: StepKey = step.parse().unwrap();
        let executions = self.executions.lock().unwrap();
        let entry = |(number, execution): (usize, &ExecutionRef)| {
            let item = self
                .world
                .memory
                .journal()
                .item(&key::step(execution, 1, &step))?;
            Some((number, serde_json::from_str(&item.body).unwrap()))
        };
        executions.iter().enumerate().filter_map(entry).collect()
    }

    /// How many contacts have their own answer, and were told.
    pub fn done(&self) -> usize {
        let told = self.entries("tell.1");
        let own = |(number, entry): &(usize, StepEntry)| {
            let company = format!("c-{number}");
            entry.output == Some(json!({ "company": company })) && told.contains_key(number)
        };
        self.entries("find.1").into_iter().filter(own).count()
    }
}
