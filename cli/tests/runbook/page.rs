//! What the runbook says: its sections, the blocks that the drill does, the commands it names.

/// What a block of a section is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Brings the failure about.
    Provoke,
    /// Shows it.
    Show,
    /// Repairs it.
    Repair,
    /// Shows that it is over.
    Over,
}

impl Part {
    pub(crate) const ALL: [Self; 4] = [Self::Provoke, Self::Show, Self::Repair, Self::Over];

    /// The word of the fence.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Provoke => "drill-provoke",
            Self::Show => "drill-show",
            Self::Repair => "drill-repair",
            Self::Over => "drill-over",
        }
    }

    /// Whether its commands only look, so that they may be repeated until what is expected shows.
    pub(crate) fn looks(self) -> bool {
        matches!(self, Self::Show | Self::Over)
    }
}

/// A command, and what its output must have.
#[derive(Debug, Default)]
pub(crate) struct Line {
    pub(crate) command: String,
    pub(crate) expected: Vec<String>,
}

/// A fenced block.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) part: Part,
    /// Whether its command serves until it is ended.
    pub(crate) serves: bool,
    pub(crate) lines: Vec<Line>,
}

/// One failure.
#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) title: String,
    pub(crate) blocks: Vec<Block>,
}

/// The page.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) sections: Vec<Section>,
    /// Every command of `holdfast` that it names, in blocks and in prose.
    pub(crate) commands: Vec<String>,
}

impl Page {
    /// Reads a page.
    pub(crate) fn of(text: &str) -> Self {
        let mut page = Self::default();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if let Some(info) = line.strip_prefix("```") {
                let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
                page.fence(info, &body);
            } else if let Some(title) = numbered(line) {
                page.sections.push(Section {
                    title: title.to_owned(),
                    blocks: Vec::new(),
                });
            } else {
                let spans = line.split('`').skip(1).step_by(2);
                page.commands.extend(spans.filter_map(typed));
            }
        }
        page
    }

    fn fence(&mut self, info: &str, body: &[&str]) {
        self.commands
            .extend(body.iter().filter_map(|line| typed(line)));
        let mut words = info.split_whitespace().skip(1);
        let word = words.next();
        let part = Part::ALL.into_iter().find(|part| word == Some(part.word()));
        assert!(part.is_some() || word.is_none(), "no such fence: {info}");
        let (Some(part), Some(section)) = (part, self.sections.last_mut()) else {
            return;
        };
        section.blocks.push(Block {
            part,
            serves: words.next() == Some("serve"),
            lines: commands(body),
        });
    }
}

/// The title of a section that has a number.
fn numbered(line: &str) -> Option<&str> {
    let title = line.strip_prefix("## ")?;
    title
        .starts_with(|first: char| first.is_ascii_digit())
        .then_some(title)
}

/// A command of `holdfast`, without the comment behind it.
fn typed(text: &str) -> Option<String> {
    let command = text.split("  #").next().unwrap_or(text);
    let begins = command.starts_with("holdfast ");
    begins.then(|| command.trim_end().to_owned())
}

fn commands(body: &[&str]) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for text in body {
        match (text.strip_prefix("# => "), lines.last_mut()) {
            (Some(expected), Some(line)) => line.expected.push(expected.to_owned()),
            (Some(expected), None) => panic!("nothing says `{expected}`"),
            (None, _) => lines.push(Line {
                command: (*text).to_owned(),
                expected: Vec::new(),
            }),
        }
    }
    lines
}
