//! The template deploys what the code says: every function, its queue, and no more access than
//! its ports have.

mod yaml;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use holdfast_embedded::clock::SystemClock;
use holdfast_embedded::registry::specs;
use serde_json::{Value as Json, json};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn template(path: &str) -> Json {
    yaml::read(&text(path))
}

/// The properties of the resources of a type, by logical id, as they stand in the file.
fn resources(template: &Json, kind: &str) -> Vec<(String, Json)> {
    let all = template["Resources"].as_object().unwrap();
    let ours = all.iter().filter(|(_, resource)| resource["Type"] == kind);
    ours.map(|(id, resource)| (id.clone(), resource["Properties"].clone()))
        .collect()
}

/// The folders of functions, each with the description of its crate.
fn crates() -> BTreeMap<String, String> {
    let folders = std::fs::read_dir(root().join("functions")).unwrap();
    folders
        .map(|folder| {
            let name = folder.unwrap().file_name().into_string().unwrap();
            let manifest = text(&format!("functions/{name}/Cargo.toml"));
            let line = manifest
                .lines()
                .find(|line| line.starts_with("description"));
            let description = line.unwrap().split('"').nth(1).unwrap().to_owned();
            (name, description)
        })
        .collect()
}

/// `send-sms` as logical ids say it: `SendSms`.
fn camel(name: &str) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    name.split('-').map(capital).collect()
}

/// The parameters of each queue, by function.
fn queues(template: &Json) -> BTreeMap<String, Json> {
    resources(template, "AWS::CloudFormation::Stack")
        .into_iter()
        .filter(|(_, properties)| properties["TemplateURL"] == "infra/queue.yaml")
        .map(|(id, properties)| {
            let parameters = properties["Parameters"].clone();
            let function = parameters["Function"].as_str().unwrap().to_owned();
            assert_eq!(id, format!("{}Queue", camel(&function)));
            (function, parameters)
        })
        .collect()
}

#[test]
fn every_function_is_deployed_under_its_name_and_description() {
    let template = template("template.yaml");
    let functions = resources(&template, "AWS::Serverless::Function");
    let expected: Vec<_> = crates().into_iter().collect();
    assert_eq!(functions.len(), expected.len());
    for ((id, properties), (name, description)) in functions.iter().zip(&expected) {
        assert_eq!(*id, format!("{}Function", camel(name)));
        let full = format!("${{AWS::StackName}}-{name}");
        assert_eq!(properties["FunctionName"], json!({ "Fn::Sub": full }));
        assert_eq!(properties["Description"], **description, "{name}");
        assert_eq!(properties["CodeUri"], format!("target/lambda/{name}/"));
    }
}

#[test]
fn a_functions_description_is_the_first_sentence_of_its_crate() {
    for (name, description) in crates() {
        let first = text(&format!("functions/{name}/src/lib.rs"));
        let first = first.lines().next().unwrap().trim_start_matches("//! ");
        let sentence = first.split([':', '.']).next().unwrap();
        assert_eq!(description.trim_end_matches('.'), sentence, "{name}");
    }
}

#[test]
fn a_step_is_deployed_as_its_spec_says() {
    let template = template("template.yaml");
    let queues = queues(&template);
    for spec in specs::<SystemClock>() {
        let function = &template["Resources"][format!("{}Function", camel(spec.name))];
        assert_eq!(function["Properties"]["Description"], spec.description);
        assert_eq!(function["Properties"]["Timeout"], spec.timeout.as_secs());
        assert_eq!(
            queues[spec.name]["Concurrency"], spec.concurrency,
            "{}",
            spec.name
        );
    }
}

#[test]
fn a_message_stays_hidden_for_six_timeouts_of_its_function() {
    let template = template("template.yaml");
    let queues = queues(&template);
    for name in crates().keys().filter(|name| *name != "receive-webhook") {
        let function = &template["Resources"][format!("{}Function", camel(name))];
        let timeout = function["Properties"]["Timeout"].as_u64().unwrap();
        let queue = &queues[name];
        assert_eq!(queue["HiddenSeconds"], timeout * 6, "{name}");
        let role = format!("{}FunctionRole", camel(name));
        assert_eq!(queue["FunctionRole"], json!({ "Ref": role }), "{name}");
    }
    assert_eq!(queues.len(), crates().len() - 1, "one queue too many");
}

#[test]
fn a_queue_gives_up_after_eight_receives_and_keeps_messages_for_two_weeks() {
    let template = template("infra/queue.yaml");
    let queue = &template["Resources"]["Queue"]["Properties"];
    assert_eq!(queue["RedrivePolicy"]["maxReceiveCount"], 8);
    let fortnight = 14 * 24 * 60 * 60;
    assert_eq!(queue["MessageRetentionPeriod"], fortnight);
    let letters = &template["Resources"]["DeadLetters"]["Properties"];
    assert_eq!(letters["MessageRetentionPeriod"], fortnight);
    let feed = &template["Resources"]["Feed"]["Properties"];
    assert_eq!(
        feed["FunctionResponseTypes"],
        json!(["ReportBatchItemFailures"])
    );
}

/// Every statement of a policy for functions, wherever it stands.
fn statements() -> Vec<Json> {
    let mut found = Vec::new();
    for path in ["infra/access.yaml", "infra/queue.yaml"] {
        let template = template(path);
        for kind in ["AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"] {
            for (_, properties) in resources(&template, kind) {
                let all = properties["PolicyDocument"]["Statement"]
                    .as_array()
                    .unwrap();
                found.extend(all.iter().cloned());
            }
        }
    }
    found
}

/// A member that is one value or a list of them.
fn each(value: &Json) -> Vec<Json> {
    value
        .as_array()
        .cloned()
        .unwrap_or_else(|| vec![value.clone()])
}

#[test]
fn no_policy_reaches_further_than_a_stacks_queues_and_secrets() {
    let found = statements();
    assert!(found.len() > 10, "policies are not where this test looks");
    let mut wide = BTreeSet::new();
    for statement in &found {
        assert_eq!(statement["Effect"], "Allow");
        for action in each(&statement["Action"]) {
            let action = action.as_str().unwrap().to_owned();
            assert!(!action.contains('*'), "{action}");
            for resource in each(&statement["Resource"]) {
                let resource = resource.to_string();
                if resource.contains('*') {
                    wide.insert((action.clone(), resource));
                }
            }
        }
    }
    let arn = "arn:${AWS::Partition}";
    let place = "${AWS::Region}:${AWS::AccountId}";
    let sub = |resource: String| json!({ "Fn::Sub": resource }).to_string();
    let expected = BTreeSet::from([
        (
            "sqs:SendMessage".to_owned(),
            sub(format!("{arn}:sqs:{place}:${{StackName}}-*")),
        ),
        (
            "ssm:GetParameters".to_owned(),
            sub(format!("{arn}:ssm:{place}:parameter/${{StackName}}/*")),
        ),
    ]);
    assert_eq!(wide, expected);
}

#[test]
fn functions_are_granted_ports_and_nothing_else() {
    let template = template("template.yaml");
    let ports = yaml::read(&text("infra/access.yaml"));
    for (id, properties) in resources(&template, "AWS::Serverless::Function") {
        for member in ["Role", "Events", "ManagedPolicyArns"] {
            assert!(properties.get(member).is_none(), "{id} has {member}");
        }
        for policy in each(&properties["Policies"]) {
            let granted = policy["Fn::If"].get(1).unwrap_or(&policy);
            let port = granted["Fn::GetAtt"].as_str().unwrap();
            let port = port.strip_prefix("Access.Outputs.").unwrap();
            assert!(ports["Resources"].get(port).is_some(), "{id}: {port}");
        }
    }
}

/// The sources of the adapters for AWS, in one text.
fn adapters(folder: &Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text += &adapters(&path);
        } else {
            text += &std::fs::read_to_string(path).unwrap();
        }
    }
    text
}

/// Actions that the adapters do not call by their name: those inside a transaction, a batch of
/// an action, and what Lambda itself does with queues and streams on a function's behalf.
const OTHERWISE: [(&str, &str); 8] = [
    ("dynamodb:ConditionCheckItem", "ConditionCheck::builder()"),
    ("sqs:SendMessage", ".send_message_batch()"),
    ("sqs:ReceiveMessage", "serve_queue"),
    ("sqs:DeleteMessage", "serve_queue"),
    ("sqs:GetQueueAttributes", "serve_queue"),
    ("dynamodb:DescribeStream", "serve_stream"),
    ("dynamodb:GetRecords", "serve_stream"),
    ("dynamodb:GetShardIterator", "serve_stream"),
];

#[test]
fn every_action_is_one_that_the_adapters_call() {
    let adapters = adapters(&root().join("shared/aws/src"));
    for statement in statements() {
        for action in each(&statement["Action"]) {
            let action = action.as_str().unwrap();
            if action == "dynamodb:ListStreams" {
                continue; // Lambda asks for it before it reads a stream.
            }
            let other = OTHERWISE.iter().find(|(known, _)| *known == action);
            let call = other.map_or_else(|| call(action), |(_, call)| (*call).to_owned());
            assert!(adapters.contains(&call), "nothing calls {action} as {call}");
        }
    }
}

/// `dynamodb:PutItem` as the SDK calls it: `.put_item()`.
fn call(action: &str) -> String {
    let name = action.split(':').nth(1).unwrap();
    let mut call = ".".to_owned();
    for (at, letter) in name.char_indices() {
        if letter.is_uppercase() && at > 0 {
            call.push('_');
        }
        call.extend(letter.to_lowercase());
    }
    call + "()"
}
