//! Many files at a time, and their results in the order of the files.
//!
//! One thread walks the folders and deals the files out to the judges in turn; what they find is collected in the same
//! turn. All channels are bounded, so that memory does not grow with the number of files.

use std::{
    fs::File,
    io,
    num::NonZero,
    path::PathBuf,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
};

use super::{
    file_name::FileName,
    judging::{Item, Judge, Rules},
    report::Failure,
};
use crate::manifests::{Listed, Unreadable, files};

/// How many files may wait for a judge, and how many results of each for the output.
const WAITING: usize = 64;

/// More judges than this wait for the disk or the output.
const JUDGES: usize = 16;

/// Where manifests come from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// Standard input.
    Stdin,
    /// A file or a folder.
    Path(PathBuf),
}

impl Source {
    /// Its name for people and machines.
    pub(super) fn name(&self) -> FileName {
        match self {
            Self::Stdin => FileName::stdin(),
            Self::Path(path) => path.as_path().into(),
        }
    }
}

/// A step of the way through all sources.
#[derive(Debug)]
pub(super) enum Step {
    /// The next of the given paths; all until the next one belongs to it.
    Argument(FileName),
    /// The next file.
    File(FileName),
    /// A file or folder that git ignores.
    Ignored(FileName),
    /// What is in it.
    Item(Item),
}

/// What a judge is to do next.
enum Task {
    Argument(FileName),
    File(Source),
    Ignored(FileName),
    Unreadable(Unreadable),
}

/// What a judge has to say. `Done` ends a task.
enum Answer {
    Step(Step),
    Done,
}

/// Judges all manifests of some sources, and gives every step in order. Ends early when `step` fails.
pub(super) fn run<E>(
    sources: &[Source],
    rules: &Rules,
    mut step: impl FnMut(Step) -> Result<(), E>,
) -> Result<(), E> {
    let judges = thread::available_parallelism().map_or(1, NonZero::get).min(JUDGES);
    thread::scope(|scope| {
        let mut dealers = Vec::new();
        let mut collectors = Vec::new();
        for _ in 0..judges {
            let (dealer, tasks) = sync_channel(WAITING);
            let (answers, collector) = sync_channel(WAITING);
            scope.spawn(move || judge(rules, &tasks, &answers));
            dealers.push(dealer);
            collectors.push(collector);
        }
        scope.spawn(move || deal(sources, &dealers));
        // A judge that has no more to say has ended, and so have all tasks.
        for collector in collectors.iter().cycle() {
            loop {
                match collector.recv() {
                    Ok(Answer::Step(next)) => step(next)?,
                    Ok(Answer::Done) => break,
                    Err(_) => return Ok(()),
                }
            }
        }
        Ok(())
    })
}

/// Deals tasks out in turn. Ends when nobody takes them any more.
fn deal(sources: &[Source], dealers: &[SyncSender<Task>]) {
    let tasks = sources.iter().flat_map(|source| {
        let argument = std::iter::once(Task::Argument(source.name()));
        let files: Box<dyn Iterator<Item = Task>> = match source {
            Source::Stdin => Box::new(std::iter::once(Task::File(Source::Stdin))),
            Source::Path(path) => Box::new(files(path).map(|found| match found {
                Ok(Listed::File(file)) => Task::File(Source::Path(file)),
                Ok(Listed::Ignored(path)) => Task::Ignored(path.as_path().into()),
                Err(unreadable) => Task::Unreadable(unreadable),
            })),
        };
        argument.chain(files)
    });
    for (task, dealer) in tasks.zip(dealers.iter().cycle()) {
        if dealer.send(task).is_err() {
            return;
        }
    }
}

fn judge(rules: &Rules, tasks: &Receiver<Task>, answers: &SyncSender<Answer>) {
    let mut judge = Judge::new(rules);
    for task in tasks {
        // Nobody listens any more when the output has failed; the next task is then the last.
        let say = |step| _ = answers.send(Answer::Step(step));
        match task {
            Task::Argument(name) => say(Step::Argument(name)),
            Task::Ignored(name) => say(Step::Ignored(name)),
            Task::Unreadable(Unreadable { path, reason }) => {
                say(Step::File(path.as_path().into()));
                say(Step::Item(Item::Failure(Failure { place: None, object: None, message: reason })));
            }
            Task::File(source) => {
                say(Step::File(source.name()));
                let mut item = |item| say(Step::Item(item));
                match &source {
                    Source::Stdin => judge.file(io::stdin().lock(), &mut item),
                    Source::Path(path) => match File::open(path) {
                        Ok(file) => judge.file(file, &mut item),
                        Err(error) => {
                            item(Item::Failure(Failure {
                                place: None,
                                object: None,
                                message: error.to_string(),
                            }));
                        }
                    },
                }
            }
        }
        if answers.send(Answer::Done).is_err() {
            return;
        }
    }
}
