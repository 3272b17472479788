//! SIGINT and SIGTERM.

use tokio::signal::unix::{SignalKind, signal};

/// Calls `stop` each time the process is asked to end, from a thread of its own.
///
/// # Errors
/// When the system gives no thread or no signal.
pub fn on_stop(stop: impl Fn() + Send + 'static) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut interrupt, mut terminate) = {
        let _inside = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(async {
            loop {
                tokio::select! {
                    _ = interrupt.recv() => stop(),
                    _ = terminate.recv() => stop(),
                }
            }
        });
    })?;
    Ok(())
}
