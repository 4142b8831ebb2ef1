//! Verbs that take several containers: each is done, what fails is reported, the exit code is 1 then.

use std::process::ExitCode;

use crate::error::Result;
use crate::output;

/// Does something for each name and prints what it returns; one failure does not stop the others.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn each(
    names: &[String],
    mut act: impl FnMut(&str) -> Result<Option<String>>,
) -> Result<ExitCode> {
    let results: Vec<_> = names.iter().map(|name| act(name)).collect();
    report(results)
}

/// The same, all at once.
///
/// # Errors
/// As [`each`].
pub(crate) fn parallel(
    names: &[String],
    act: impl Fn(&str) -> Result<Option<String>> + Sync,
) -> Result<ExitCode> {
    let results = std::thread::scope(|scope| {
        let act = &act;
        let threads: Vec<_> = names.iter().map(|name| scope.spawn(move || act(name))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or(Ok(None)))
            .collect()
    });
    report(results)
}

fn report(results: Vec<Result<Option<String>>>) -> Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    for result in results {
        match result {
            Ok(Some(text)) => output::line(text)?,
            Ok(None) => {}
            Err(error) => {
                output::error(&error);
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}
