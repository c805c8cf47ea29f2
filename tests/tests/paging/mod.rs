//! A library whose lists come page by page, and every call of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use holdfast_engine::definition::Files;
use holdfast_engine::definition::model::{Connection, ConnectionKind, Pack};
use holdfast_engine::entry::StepEntry;
use holdfast_engine::id::{ExecutionRef, StepKey};
use holdfast_engine::key;
use holdfast_engine::port::{Call, Ports as _};
use holdfast_engine::step::{Effect, Keeps, Paging, Step, StepContext, StepError, StepSpec};
use holdfast_tests::faulty::When;
use holdfast_tests::world::{Functions, Probe, World, load};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

/// One call.
#[derive(Debug, Clone)]
pub struct Read {
    pub at: Timestamp,
    pub key: String,
    pub page: u32,
    pub timeout: Duration,
}

/// What the library has and how it answers.
#[derive(Debug)]
pub struct Shelf {
    /// How many pages there are; each has two books.
    pub pages: u32,
    /// The page after one, where it is another than the next.
    pub leads: BTreeMap<u32, u32>,
    /// How much each book says of itself, in characters.
    pub words: usize,
    /// The page that cannot be had so many times.
    pub fails: (u32, usize),
    pub calls: Vec<Read>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    #[serde(default)]
    page: u32,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    status: u16,
    body: Json,
}

pub struct ReadList(Probe, Arc<Mutex<Shelf>>);

/// When the library asks to be called again.
pub const LATER: Duration = Duration::from_mins(10);

impl Shelf {
    fn answer(&mut self, call: Read) -> Result<Output, StepError> {
        let page = call.page;
        self.calls.push(call);
        if self.fails.0 == page && self.fails.1 > 0 {
            self.fails.1 -= 1;
            return Err(StepError::Transient {
                code: "NotSent".to_owned(),
                message: "the receiver answered 429".to_owned(),
                retry_after: Some(LATER),
            });
        }
        let books: Vec<_> = [2 * page, 2 * page + 1]
            .map(|book| json!({ "number": book, "text": "x".repeat(self.words) }))
            .into();
        let next = self.leads.get(&page).copied();
        let next = next.or(Some(page + 1).filter(|next| *next < self.pages));
        let body = json!({ "books": books, "next": next });
        Ok(Output { status: 200, body })
    }
}

impl Step for ReadList {
    const SPEC: StepSpec = StepSpec {
        name: "read-list",
        description: "Reads a list of books.",
        effect: Effect::Keyed,
        timeout: Duration::from_secs(10),
        concurrency: 1,
        connections: &[ConnectionKind::Http],
        keeps: Keeps::Only(&["status"]),
    };
    const PAGING: Option<Paging> = Some(Paging { turn });
    type Input = Input;
    type Output = Output;

    /// Reading is harmless.
    fn effect(_input: &Json, _connection: Option<&Connection>) -> Effect {
        Effect::Keyed
    }

    async fn perform(&self, ctx: &StepContext<'_>, input: Input) -> Result<Output, StepError> {
        let Self(probe, books) = self;
        let call = ctx.connected()?;
        let read = Read {
            at: call.now,
            key: ctx.key.to_owned(),
            page: input.page,
            timeout: call.timeout,
        };
        let answered = probe.faults.around(async {
            let mut books = books.lock().unwrap_or_else(PoisonError::into_inner);
            books.answer(read)
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

fn turn(_call: &Call<'_>, input: &Json, next: &Json) -> Result<Json, StepError> {
    let mut input = input.clone();
    let page = next.get("page").cloned();
    input["page"] = page.ok_or_else(|| StepError::permanent("InvalidInput", "no page"))?;
    Ok(input)
}

/// A pack whose workflow `w` reads a list, with these pages and more members of the step.
fn pack(rate: &str, pages: &str, more: &str) -> Arc<Pack> {
    let workflow = format!(
        "workflow: w\ndescription: Reads a list.\nowner: nobody\nseverity: P3\n\
         trigger: {{ record: {{ type: reader, on: created }} }}\nsteps:\n  \
         - id: read\n    uses: read-list\n    via: library\n    {pages}\n    {more}\n  \
         - {{ id: tell, uses: keyed-effect, with: {{ to: a }} }}\n"
    );
    let reader = "record: reader\nkey: [name]\nfields:\n  name: { type: string, required: true }\n\
                  states: [new]\ninitial: new\ntransitions: []\n";
    let library =
        format!("connection: library\nkind: http\nurl: https://library.example\n{rate}\n");
    let files: Files = [
        ("pack.yaml", "pack: office\n".to_owned()),
        ("reader.record.yaml", reader.to_owned()),
        ("library.connection.yaml", library),
        ("w.workflow.yaml", workflow),
    ]
    .map(|(path, text)| (path.to_owned(), text))
    .into();
    load(&files, &Functions::scripted().with::<ReadList>())
}

/// What later steps need of the books.
pub const NUMBERS: &str = "pages: { items: \"response.body.books.map(b, b.number)\", \
                           next: \"{'page': response.body.next}\", into: numbers, max: 20 }";

pub const RETURNS: &str = "returns: { numbers: { type: list, of: { type: integer }, \
                           from: response.numbers } }";

/// A world with a library.
pub struct Library {
    pub world: World,
    pub shelf: Arc<Mutex<Shelf>>,
    executions: Mutex<Vec<ExecutionRef>>,
}

impl Library {
    /// A library with four pages, read so by a connection with this rate.
    pub fn of(rate: &str, pages: &str, more: &str) -> Self {
        let shelf = Arc::new(Mutex::new(Shelf {
            pages: 4,
            leads: BTreeMap::new(),
            words: 0,
            fails: (0, 0),
            calls: Vec::new(),
        }));
        let mut world = World::scripted(1, &pack(rate, pages, more));
        world.add(ReadList(world.probe(), Arc::clone(&shelf)));
        let executions = Mutex::default();
        Self {
            world,
            shelf,
            executions,
        }
    }

    /// Begins with so many readers.
    pub fn start(&self, readers: usize) {
        let mut executions = self.executions.lock().unwrap();
        for _ in 0..readers {
            let number = executions.len();
            let home = format!("t/reader/{number}").parse().unwrap();
            let record = json!({
                "id": number.to_string(), "name": format!("n{number}"), "status": "new",
                "version": 1,
            });
            let event = format!("sent:{number}");
            let execution = self.world.start_at(&home, "w", &event, Some(record));
            executions.push(execution);
        }
    }

    pub fn calls(&self) -> Vec<Read> {
        self.shelf.lock().unwrap().calls.clone()
    }

    /// The pages in the order of the calls.
    pub fn read(&self) -> Vec<u32> {
        self.calls().iter().map(|call| call.page).collect()
    }

    /// The keys that pages were asked for under.
    pub fn keys(&self) -> BTreeSet<String> {
        self.calls().into_iter().map(|call| call.key).collect()
    }

    /// The entries of a step, of all readers who have one.
    pub fn entries(&self, step: &str) -> Vec<StepEntry> {
        let step: StepKey = step.parse().unwrap();
        let executions = self.executions.lock().unwrap();
        let entry = |execution: &ExecutionRef| {
            let journal = self.world.memory.journal();
            let item = journal.item(&key::step(execution, 1, &step))?;
            Some(serde_json::from_str(&item.body).unwrap())
        };
        executions.iter().filter_map(entry).collect()
    }

    /// The only entry of the step that reads.
    pub fn entry(&self) -> StepEntry {
        self.entries("read.1").pop().expect("it has begun")
    }
}
