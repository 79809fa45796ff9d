//! Undoing what a test changed, however the test ends.

/// Runs a future to its end from a destructor, in a separate thread and runtime: the test's runtime may be shutting
/// down.
///
/// A failure fails the test unless it fails already.
pub fn run_in_drop(work: impl Future<Output = ()> + Send + 'static) {
    let worker = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(work);
    });
    let outcome = worker.join();
    assert!(outcome.is_ok() || std::thread::panicking(), "a test could not undo what it changed");
}
