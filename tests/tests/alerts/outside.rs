//! Slack and the phones, in memory: what they took, and when they take nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use holdfast_engine::port::{
    Call, CallError, Chat, ChatMessage, Clock as _, Ports as _, Receipt, Sms, SmsMessage,
};
use holdfast_tests::faulty::Faults;
use holdfast_tests::memory::Memory;
use jiff::Timestamp;
use serde_json::Value as Json;

/// A message as people got it: the key of its call, the phone or the channel, and the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    pub key: String,
    pub to: Option<String>,
    pub text: String,
    pub blocks: Vec<Json>,
    pub at: Timestamp,
}

/// How a provider answers for a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Refused,
    Busy,
}

/// Slack and the phones.
#[derive(Debug)]
pub struct Outside {
    faults: Arc<Faults>,
    memory: Arc<Memory>,
    answers: Mutex<BTreeMap<String, Answer>>,
    posts: Mutex<Vec<Post>>,
}

impl Outside {
    pub fn new(memory: &Arc<Memory>, faults: &Arc<Faults>) -> Self {
        Self {
            faults: Arc::clone(faults),
            memory: Arc::clone(memory),
            answers: Mutex::default(),
            posts: Mutex::default(),
        }
    }

    /// How a connection answers from now on; `None`: as it should.
    pub fn answers(&self, connection: &str, answer: Option<Answer>) {
        let mut answers = self.answers.lock().unwrap();
        match answer {
            Some(answer) => drop(answers.insert(connection.to_owned(), answer)),
            None => drop(answers.remove(connection)),
        }
    }

    /// What people got, oldest first.
    pub fn posts(&self) -> Vec<Post> {
        self.posts.lock().unwrap().clone()
    }
}

impl Outside {
    async fn take(&self, call: &Call<'_>, post: Post) -> Result<Receipt, CallError> {
        let lost = |message: &str| CallError::Maybe {
            message: message.to_owned(),
            retry_after: None,
        };
        let answer = self
            .answers
            .lock()
            .unwrap()
            .get(call.connection.name.as_str())
            .copied();
        let act = async { self.posts.lock().unwrap().push(post) };
        match answer {
            Some(Answer::Refused) => Err(CallError::Refused {
                code: "Gone".to_owned(),
                message: "gone".to_owned(),
            }),
            Some(Answer::Busy) => Err(CallError::NotSent {
                message: "busy".to_owned(),
                retry_after: None,
            }),
            None => match self.faults.around(act).await {
                Ok(()) => Ok(Receipt { id: "1".to_owned() }),
                Err(_) => Err(lost("no answer")),
            },
        }
    }
}

impl Chat for Outside {
    async fn post(&self, call: &Call<'_>, message: ChatMessage) -> Result<Receipt, CallError> {
        let post = Post {
            key: call.key.to_owned(),
            to: None,
            text: message.body,
            blocks: message.blocks,
            at: self.memory.clock().now(),
        };
        self.take(call, post).await
    }
}

impl Sms for Outside {
    async fn send(&self, call: &Call<'_>, message: SmsMessage) -> Result<Receipt, CallError> {
        let post = Post {
            key: call.key.to_owned(),
            to: Some(message.to),
            text: message.body,
            blocks: Vec::new(),
            at: self.memory.clock().now(),
        };
        self.take(call, post).await
    }
}
