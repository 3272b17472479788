//! What is kept of one tenant.

use crate::StoreFault;
use crate::data_folder::DataFolder;
use frontdesk_call_record::{CallRecord, EndReason, Fact, SCHEMA, StampedFact};
use frontdesk_identifiers::{CallId, TenantId, WallTime};
use sqlx::Row;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations/sqlite");

/// Connections to one tenant's file: one that writes and some that read beside it.
const CONNECTIONS_MAX: u32 = 3;
/// How long a statement waits for another writer of this desk before it fails and is tried again.
const BUSY_WAIT: Duration = Duration::from_secs(1);
/// How long an operation waits for a free connection.
const CONNECTION_WAIT: Duration = Duration::from_secs(10);

/// One tenant's data. Cheap to clone.
#[derive(Debug, Clone)]
pub struct TenantStore {
    tenant: TenantId,
    path: PathBuf,
    pool: SqlitePool,
    /// Keeps the data folder's lock as long as somebody may write.
    _folder: Arc<DataFolder>,
}

/// One call, as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallSummary {
    /// Which call.
    pub call: CallId,
    /// When it began.
    pub started_at: WallTime,
    /// When it ended; absent while it goes on.
    pub ended_at: Option<WallTime>,
    /// Why; absent while it goes on.
    pub reason: Option<EndReason>,
}

impl TenantStore {
    pub(crate) async fn open(
        folder: Arc<DataFolder>,
        tenant: &TenantId,
        read_only: bool,
    ) -> Result<Self, StoreFault> {
        let path = folder.database(tenant);
        let mut options = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(!read_only)
            .read_only(read_only)
            .busy_timeout(BUSY_WAIT);
        if !read_only {
            // FULL: an acknowledged fact outlives not only the process but the power.
            options = options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
        }
        let pool = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .acquire_timeout(CONNECTION_WAIT)
            .connect_with(options)
            .await
            .map_err(|source| StoreFault::database(tenant, &path, source))?;
        let store = TenantStore { tenant: tenant.clone(), path, pool, _folder: folder };
        if !read_only {
            MIGRATIONS.run(&store.pool).await.map_err(|error| store.migration_fault(error))?;
        }
        Ok(store)
    }

    /// Whose data this is.
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// Keeps facts, all of them or none; when this returns they outlive the process. Says how many were new.
    ///
    /// A fact that is there already, by its call and number, stays as it was, so that an append may be
    /// repeated after a failure.
    ///
    /// # Errors
    /// The disk or the database fails, or a fact belongs to another tenant; nothing is kept then.
    pub async fn append_facts(&self, facts: &[StampedFact]) -> Result<u64, StoreFault> {
        let mut bodies = Vec::with_capacity(facts.len());
        for fact in facts {
            if fact.tenant != self.tenant {
                let (store, fact) = (self.tenant.clone(), fact.tenant.clone());
                return Err(StoreFault::WrongTenant { store, fact });
            }
            let body = serde_json::to_string(&fact.fact)
                .map_err(|source| StoreFault::UnwritableFact { call: fact.call, source })?;
            bodies.push(body);
        }
        self.append_rows(facts, bodies).await.map_err(|source| self.fault(source))
    }

    async fn append_rows(&self, facts: &[StampedFact], bodies: Vec<String>) -> Result<u64, sqlx::Error> {
        // Immediate: to begin reading and become a writer later is what SQLite cannot wait for.
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let mut new = 0;
        for (fact, body) in facts.iter().zip(bodies) {
            let call = fact.call.to_string();
            let at_us = to_column(fact.at.as_unix_micros());
            let started_at_us = to_column(fact.at.as_unix_micros().saturating_sub(fact.since_start_us));
            sqlx::query("INSERT INTO calls (call, started_at_us) VALUES (?, ?) ON CONFLICT DO NOTHING")
                .bind(&call)
                .bind(started_at_us)
                .execute(&mut *transaction)
                .await?;
            let added = sqlx::query(
                "INSERT INTO facts (call, number, schema, at_us, since_start_us, name, body) \
                 VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            )
            .bind(&call)
            .bind(fact.number)
            .bind(SCHEMA)
            .bind(at_us)
            .bind(to_column(fact.since_start_us))
            .bind(fact.fact.name())
            .bind(body)
            .execute(&mut *transaction)
            .await?
            .rows_affected();
            if let (1, Fact::CallEnded { reason, .. }) = (added, &fact.fact) {
                sqlx::query(
                    "UPDATE calls SET ended_at_us = ?, reason = ? WHERE call = ? AND ended_at_us IS NULL",
                )
                .bind(at_us)
                .bind(reason.as_str())
                .bind(&call)
                .execute(&mut *transaction)
                .await?;
            }
            new += added;
        }
        transaction.commit().await?;
        Ok(new)
    }

    /// The facts of a call, in their order; none when the call is not known.
    ///
    /// # Errors
    /// The database fails, or a fact cannot be read.
    pub async fn facts(&self, call: CallId) -> Result<Vec<StampedFact>, StoreFault> {
        let rows = sqlx::query(
            "SELECT number, at_us, since_start_us, body FROM facts WHERE call = ? ORDER BY number",
        )
        .bind(call.to_string())
        .fetch_all(&self.pool)
        .await
        .map_err(|source| self.fault(source))?;
        rows.iter().map(|row| self.fact(call, row)).collect()
    }

    fn fact(&self, call: CallId, row: &SqliteRow) -> Result<StampedFact, StoreFault> {
        let column = |name: &str| row.try_get::<i64, _>(name).map_err(|source| self.fault(source));
        let number = u32::try_from(column("number")?).unwrap_or(u32::MAX);
        let body: String = row.try_get("body").map_err(|source| self.fault(source))?;
        let fact = serde_json::from_str(&body).map_err(|source| StoreFault::UnreadableFact {
            call,
            number,
            source,
        })?;
        Ok(StampedFact {
            tenant: self.tenant.clone(),
            call,
            number,
            at: wall_time(column("at_us")?),
            since_start_us: from_column(column("since_start_us")?),
            fact,
        })
    }

    /// What became of a call; nothing when it is not known.
    ///
    /// # Errors
    /// The database fails, or a fact cannot be read.
    pub async fn record(&self, call: CallId) -> Result<Option<CallRecord>, StoreFault> {
        let facts = self.facts(call).await?;
        // Facts of one call always fold, unless there are none.
        Ok(CallRecord::fold(&facts).ok())
    }

    /// The calls whose record is open, oldest first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn open_calls(&self) -> Result<Vec<CallId>, StoreFault> {
        let rows = sqlx::query("SELECT call FROM calls WHERE ended_at_us IS NULL ORDER BY call")
            .fetch_all(&self.pool)
            .await
            .map_err(|source| self.fault(source))?;
        rows.iter().map(|row| self.call_id(row)).collect()
    }

    /// The latest calls, newest first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn calls(&self, limit: u32) -> Result<Vec<CallSummary>, StoreFault> {
        let rows = sqlx::query(
            "SELECT call, started_at_us, ended_at_us, reason FROM calls \
             ORDER BY started_at_us DESC, call DESC LIMIT ?",
        )
        .bind(limit)
        .fetch_all(&self.pool)
        .await
        .map_err(|source| self.fault(source))?;
        rows.iter()
            .map(|row| {
                let fault = |source| self.fault(source);
                let reason: Option<String> = row.try_get("reason").map_err(fault)?;
                Ok(CallSummary {
                    call: self.call_id(row)?,
                    started_at: wall_time(row.try_get("started_at_us").map_err(fault)?),
                    ended_at: row.try_get::<Option<i64>, _>("ended_at_us").map_err(fault)?.map(wall_time),
                    reason: reason
                        .and_then(|name| EndReason::ALL.into_iter().find(|reason| reason.as_str() == name)),
                })
            })
            .collect()
    }

    /// Closes the records that a killed desk left open, as `interrupted`; says which.
    ///
    /// # Errors
    /// The database fails, or a fact cannot be read.
    pub async fn close_interrupted(&self, now: WallTime) -> Result<Vec<CallId>, StoreFault> {
        let mut closed = Vec::new();
        for call in self.open_calls().await? {
            let end = self.record(call).await?.and_then(|record| record.interrupted(now));
            if let Some(end) = end {
                self.append_facts(&[end]).await?;
                closed.push(call);
            }
        }
        Ok(closed)
    }

    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }

    fn call_id(&self, row: &SqliteRow) -> Result<CallId, StoreFault> {
        let text: String = row.try_get("call").map_err(|source| self.fault(source))?;
        CallId::parse(&text).map_err(|error| self.unusable(error.to_string()))
    }

    fn migration_fault(&self, error: MigrateError) -> StoreFault {
        match error {
            MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) => self.fault(source),
            MigrateError::VersionMissing(version) => {
                self.unusable(format!("a newer frontdesk changed it to form {version}"))
            }
            other => self.unusable(other.to_string()),
        }
    }

    fn unusable(&self, why: String) -> StoreFault {
        StoreFault::Unusable { tenant: self.tenant.clone(), path: self.path.clone(), why }
    }

    fn fault(&self, source: sqlx::Error) -> StoreFault {
        StoreFault::database(&self.tenant, &self.path, source)
    }
}

/// SQLite's integers are signed; what does not fit (the year 294,247) is the largest that does.
fn to_column(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn from_column(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

fn wall_time(value: i64) -> WallTime {
    WallTime::from_unix_micros(from_column(value))
}
