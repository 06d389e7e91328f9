//! Connections that wait for the next request, by origin.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::task::JoinSet;

use crate::exchange::Connection;
use crate::{Origin, limits};

/// Idle connections and the tasks that drive all of them. Dropping it ends the tasks, and with them the connections.
#[derive(Default)]
pub(crate) struct Pool {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    idle: HashMap<Origin, Vec<Connection>>,
    drivers: JoinSet<()>,
}

impl Pool {
    /// A connection to the origin that was open when last heard of. One of HTTP/2 stays for others, too.
    pub(crate) fn take(&self, origin: &Origin) -> Option<Connection> {
        let mut kept = self.kept();
        let idle = kept.idle.get_mut(origin)?;
        while let Some(connection) = idle.pop() {
            if connection.is_closed() {
                continue;
            }
            idle.extend(connection.share());
            return Some(connection);
        }
        None
    }

    /// Keeps a connection whose exchange is over.
    pub(crate) fn put(&self, connection: Connection) {
        let mut kept = self.kept();
        let idle = kept.idle.entry(connection.origin.clone()).or_default();
        if idle.len() < limits::IDLE_PER_ORIGIN && !connection.is_closed() {
            idle.push(connection);
        }
    }

    /// Forgets a connection that failed, wherever it is shared.
    pub(crate) fn discard(&self, failed: &Connection) {
        if let Some(idle) = self.kept().idle.get_mut(&failed.origin) {
            idle.retain(|connection| !connection.is_same(failed));
        }
    }

    /// Runs a connection's task.
    pub(crate) fn drive(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut kept = self.kept();
        while kept.drivers.try_join_next().is_some() {}
        kept.drivers.spawn(task);
    }

    /// Lets every idle connection end in order (close_notify, GOAWAY), for a moment.
    pub(crate) async fn close(&self) {
        let mut drivers = {
            let mut kept = self.kept();
            kept.idle.clear();
            std::mem::take(&mut kept.drivers)
        };
        let all = async { while drivers.join_next().await.is_some() {} };
        // Whoever is not done by then is dropped with the set.
        let _ = tokio::time::timeout(limits::CLOSE, all).await;
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
