//! Every command that the README and the docs show is run as it stands there.

use crate::bed::{Bed, KEY, Ran, Server, TODAY, sample};
use regex::Regex;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// What can't be run here, and why.
const NOT_RUN: &[(&str, &str)] = &[
    (r"(target/release/)?certonboard", "asks at a terminal"),
    (r"certonboard review .*", "serves a page until somebody ends it; tests/cli/review.rs does"),
    (r"certonboard sandbox serve .*", "serves until somebody ends it; tests/sandbox_api.rs does"),
    (r"certonboard worker .*", "reads until somebody ends it; tests/cli/queue.rs does"),
    (r"certonboard (run|extract) .*--queue .*", "needs a queue with workers; tests/cli/queue.rs has one"),
    (r"certonboard approve .*", "asks a person at a terminal; tests/cli/mcp.rs is one"),
    (r"certonboard mcp", "serves until its client leaves; tests/cli/mcp.rs does"),
    (r"certonboard certificates print .*", "needs a printer; tests/cli/later.rs prints with a program of its own"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn pages() -> Vec<PathBuf> {
    let docs = std::fs::read_dir(root().join("docs")).unwrap().map(|e| e.unwrap().path());
    let mut pages: Vec<PathBuf> = docs.filter(|p| p.extension().is_some_and(|e| e == "md")).collect();
    pages.extend(["README.md", "CONTRIBUTING.md"].map(|name| root().join(name)));
    pages.sort();
    pages
}

/// The lines of the `sh` blocks that call the program, continued lines joined, comments gone.
fn commands(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    let ours = Regex::new(r"^(target/release/)?certonboard\b").unwrap();
    let (mut inside, mut open) = (false, String::new());
    for line in page.lines() {
        let line = line.trim_start();
        if line.starts_with("```") {
            inside = !inside && line.trim() == "```sh";
            continue;
        }
        if !inside {
            continue;
        }
        match line.trim_end().strip_suffix('\\') {
            Some(start) => open.push_str(start),
            None => {
                let whole = std::mem::take(&mut open) + line;
                let command = whole.split(" # ").next().unwrap_or_default().trim();
                if ours.is_match(command) {
                    found.push(command.to_owned());
                }
            }
        }
    }
    found
}

#[test]
fn blocks_are_read_as_a_reader_does() {
    let page = "```sh\ncertonboard run \\\n  --yes   # asks nothing\nmake demo\n```\n```\ncertonboard not-in-a-block\n```\n";
    assert_eq!(commands(page), ["certonboard run --yes"]);
}

/// A folder as the docs suppose it: a list, a folder of scans, answers, and a run that has ended.
fn folder(server: &Server, run: &Path) -> Bed {
    let bed = Bed::new();
    std::fs::copy(sample("customers.xlsx"), bed.path("customers.xlsx")).unwrap();
    let answers = std::fs::read_to_string(sample("answers.yaml")).unwrap();
    // The one paper is not to wait for a check on the program.
    bed.write("answers.yaml", &format!("{answers}policy:\n  sample_percent: 0\n  sample_least: 0\n"));
    std::fs::create_dir(bed.path("certificates")).unwrap();
    // It needs no text recognition, so that many runs take little time.
    std::fs::copy(sample("certificates/Resale Cert_Lone Oak_TX.pdf"), bed.path("certificates/scan0007.pdf")).unwrap();
    std::fs::create_dir_all(bed.path("target/release")).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_certonboard"), bed.path("target/release/certonboard")).unwrap();
    if run.exists() {
        copy(run, &bed.path("certonboard-runs"));
    }
    assert!(!server.url.is_empty());
    bed
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).unwrap()),
        }
    }
}

fn shell(bed: &Bed, server: &Server, line: &str) -> Ran {
    let program = bed.command_at(server);
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", line]).current_dir(bed.folder.path()).env_clear().stdin(Stdio::null());
    shell.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let path = std::env::var("PATH").unwrap_or_default();
    shell.env("PATH", format!("{}:{path}", bed.path("target/release").display())).env("AVATAX_LICENSE_KEY", KEY);
    Ran::from(shell.output().unwrap())
}

#[test]
fn every_command_of_the_docs_runs() {
    let first = Bed::new();
    let server = first.server(&[]);
    let done = folder(&server, Path::new("-"));
    let ran = shell(&done, &server, &format!("certonboard run --answers answers.yaml --today {TODAY}"));
    assert!(matches!(ran.code, 0 | 3), "{}", ran.err);
    let runs = done.path("certonboard-runs");
    let run = std::fs::read_dir(&runs).unwrap().next().unwrap().unwrap().file_name().into_string().unwrap();
    let certificate = server.certificates().into_iter().next().expect("the run made a certificate");
    let listed = shell(&done, &server, "certonboard certificates list --format json");
    let listed: serde_json::Value = serde_json::from_str(&listed.out).unwrap();
    let (id, code) = (listed[0]["id"].to_string(), listed[0]["customers"][0].as_str().unwrap().to_owned());
    assert_eq!(certificate["id"].to_string(), id);

    let fill = |line: &str| {
        let rules = [(r"\bRUN\b", run.as_str()), (r"\bCODE\b", code.as_str()), (r"\bID\b", id.as_str())];
        rules.iter().fold(line.to_owned(), |line, (rule, word)| Regex::new(rule).unwrap().replace_all(&line, *word).into_owned())
    };
    let skips: Vec<Regex> = NOT_RUN.iter().map(|(rule, _)| Regex::new(&format!("^(?:{rule})$")).unwrap()).collect();
    let (mut faults, mut skipped, mut count) = (Vec::new(), BTreeSet::new(), 0);
    // One after the other: the pages write to one service, and a plan is carried out only where nothing has changed since.
    for page in pages() {
        let name = page.strip_prefix(root()).unwrap().display().to_string();
        let lines = commands(&std::fs::read_to_string(&page).unwrap());
        if lines.is_empty() {
            continue;
        }
        let bed = folder(&server, &runs);
        for line in lines {
            if let Some(rule) = skips.iter().position(|skip| skip.is_match(&line)) {
                skipped.insert(rule);
                continue;
            }
            let ran = shell(&bed, &server, &fill(&line));
            count += 1;
            // 3: something waits for a person, as in the sample data.
            if !matches!(ran.code, 0 | 3) {
                faults.push(format!("{name}: {line}\nended with {}:\n{}", ran.code, ran.err));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    assert_eq!(skipped.len(), NOT_RUN.len(), "an exception that no page needs");
    assert!(count > 60, "the docs show more commands than were found");
}

/// Links within the repository lead somewhere, pictures and headings too.
#[test]
fn links_of_the_docs_lead_somewhere() {
    let link = Regex::new(r"\[[^\]]*\]\(([^)\s]+)\)").unwrap();
    let anchors = |page: &Path| -> BTreeSet<String> {
        let text = std::fs::read_to_string(page).unwrap();
        let headings = text.lines().filter(|l| l.starts_with('#')).map(|l| l.trim_start_matches('#').trim().to_lowercase());
        headings
            .map(|h| h.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_')).collect::<String>().replace(' ', "-"))
            .collect()
    };
    let mut broken = Vec::new();
    for page in pages().into_iter().chain([root().join("CHANGELOG.md")]) {
        let text = std::fs::read_to_string(&page).unwrap();
        for target in link.captures_iter(&text).map(|c| c[1].to_owned()).filter(|t| !t.contains("://") && !t.starts_with("mailto:")) {
            let (path, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let file = if path.is_empty() { page.clone() } else { page.parent().unwrap().join(path) };
            let there = file.exists() && (anchor.is_empty() || anchors(&file).contains(anchor));
            if !there {
                broken.push(format!("{}: {target}", page.strip_prefix(root()).unwrap().display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// The reference of the answers file is what the schema says. `UPDATE_GOLDEN=1` writes it anew.
#[test]
fn the_answers_reference_is_made_from_the_schema() {
    let made = crate::answers_reference::reference(&certonboard::answers::schema());
    let file = root().join("docs/answers-reference.md");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&file, &made).unwrap();
    }
    assert!(std::fs::read_to_string(&file).unwrap() == made, "docs/answers-reference.md is old; UPDATE_GOLDEN=1 writes it anew");
}

/// The examples for several machines parse, and start the program with flags that it has.
#[test]
fn the_deployment_examples_are_sound() {
    let text = |name: &str| std::fs::read_to_string(root().join("docs/deploy").join(name)).unwrap();
    let parsed = |text: &str| -> serde_json::Value { certonboard::domain::from_yaml(text).unwrap_or_else(|e| panic!("{e}:\n{text}")) };
    let compose = parsed(&text("compose.yaml"));
    let mut commands = vec![compose["services"]["worker"]["command"].clone()];
    let parts: Vec<_> = text("kubernetes.yaml").split("\n---\n").map(parsed).collect();
    for part in &parts {
        assert!(part["apiVersion"].is_string() && part["kind"].is_string() && part["metadata"]["name"].is_string(), "{part}");
    }
    let worker = parts.iter().find(|part| part["kind"] == "Deployment").expect("workers are a Deployment");
    let container = &worker["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(worker["spec"]["selector"]["matchLabels"], worker["spec"]["template"]["metadata"]["labels"]);
    commands.push(container["args"].clone());
    let queues = [&compose["services"]["worker"]["environment"]["CERTONBOARD_QUEUE"], &container["env"][1]["value"]];
    assert!(queues.iter().all(|queue| queue.as_str().is_some_and(|url| url.starts_with("nats://certonboard:"))), "{queues:?}");
    let bed = Bed::new();
    for command in commands {
        let mut words: Vec<&str> = command.as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
        assert_eq!(words[0], "worker");
        // Everything but the queue is there, so the address is what is refused.
        words.extend(["--queue", "no address"]);
        let ran = bed.run(&words);
        assert!(ran.code == 2 && ran.err.contains("no address of a NATS server"), "{}", ran.err);
    }
}
