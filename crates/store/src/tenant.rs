//! What is kept of one tenant.

use crate::StoreFault;
use crate::data_folder::DataFolder;
use crate::telling::Telling;
use frontdesk_call_record::{CallRecord, EndReason, SCHEMA, StampedFact};
use frontdesk_identifiers::{CallId, TenantId, WallTime};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations/sqlite");

/// Connections that read one tenant's file, beside the one that writes.
const READERS_MAX: u32 = 2;
/// How long a statement waits for another writer of this desk before it fails and is tried again.
const BUSY_WAIT: Duration = Duration::from_secs(1);
/// How long an operation waits for a free connection.
const CONNECTION_WAIT: Duration = Duration::from_secs(10);

/// How often who looks at a file that is not up to date looks again, within [`BUSY_WAIT`].
const LOOK_AGAIN: Duration = Duration::from_millis(50);
const OLDER_FORM: &str = "an older frontdesk wrote it; this one brings it up to date when its desk is opened";

/// Pages of 4 KiB in the write-ahead log before they are taken into the database, which costs two more fsyncs: 16 MiB.
const LOG_PAGES: u32 = 4_000;
/// Facts that are made rows of at a stretch, some milliseconds: who shares the thread is not held up by a large batch.
const AT_A_STRETCH_FACTS: usize = 4_096;
/// Calls whose facts one statement takes: SQLite counts parameters, five of a row, to 32,766.
const STATEMENT_ROWS_MAX: usize = 1_000;

/// One tenant's data. Cheap to clone.
#[derive(Debug, Clone)]
pub struct TenantStore {
    tenant: TenantId,
    path: PathBuf,
    options: SqliteConnectOptions,
    readers: SqlitePool,
    /// The connection that writes. None at first and after a failure: who failed lets go of it, and of what it had half done.
    writing: Arc<Mutex<Option<SqliteConnection>>>,
    /// Keeps the data folder's lock as long as somebody may write.
    _folder: Arc<DataFolder>,
}

/// Boxed: of some of sqlx's bare futures the compiler cannot tell that they may move between threads.
type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

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
            .busy_timeout(BUSY_WAIT)
            .disable_statement_logging();
        if !read_only {
            // FULL: an acknowledged fact outlives not only the process but the power.
            options = options
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .pragma("wal_autocheckpoint", LOG_PAGES.to_string());
        }
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS_MAX)
            .acquire_timeout(CONNECTION_WAIT)
            .connect_lazy_with(options.clone());
        let (tenant, writing) = (tenant.clone(), Arc::default());
        let store = TenantStore { tenant, path, options, readers, writing, _folder: folder };
        if read_only {
            store.check_form().await?;
        } else {
            MIGRATIONS.run(&store.readers).await.map_err(|error| store.migration_fault(error))?;
        }
        Ok(store)
    }

    fn connect(&self) -> Boxed<'_, Result<SqliteConnection, StoreFault>> {
        Box::pin(async { self.options.connect().await.map_err(|source| self.fault(source)) })
    }

    /// Who only looks cannot bring a file up to date, and would misread another form.
    async fn check_form(&self) -> Result<(), StoreFault> {
        let known = MIGRATIONS.iter().map(|migration| migration.version).max();
        let begun = Instant::now();
        loop {
            let form = self.form().await;
            // A desk that has just been opened may be bringing it up to date right now.
            let waited = begun.elapsed() >= BUSY_WAIT;
            match form {
                Ok(form) if form == known => return Ok(()),
                Ok(form) if form > known => return Err(self.newer(form.unwrap_or_default())),
                Ok(_) if waited => return Err(self.unusable(OLDER_FORM.to_owned())),
                Err(fault) if waited || !matches!(fault, StoreFault::Database { .. }) => return Err(fault),
                _ => tokio::time::sleep(LOOK_AGAIN).await,
            }
        }
    }

    async fn form(&self) -> Result<Option<i64>, StoreFault> {
        sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations WHERE success")
            .fetch_one(&self.readers)
            .await
            .map_err(|source| self.fault(source))
    }

    /// Whose data this is.
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// Keeps facts, all of them or none; when this returns they outlive the process and the power.
    ///
    /// A fact that is there already, by its call and number, stays as it was, so that an append may be
    /// repeated after a failure.
    ///
    /// # Errors
    /// The disk or the database fails, or a fact belongs to another tenant; nothing is kept then.
    pub async fn append_facts(&self, facts: &[StampedFact]) -> Result<(), StoreFault> {
        if let Some(stray) = facts.iter().find(|fact| fact.tenant != self.tenant) {
            let (store, fact) = (self.tenant.clone(), stray.tenant.clone());
            return Err(StoreFault::WrongTenant { store, fact });
        }
        let mut tellings = Vec::new();
        for part in facts.chunks(AT_A_STRETCH_FACTS) {
            tellings.extend(Telling::all_of(part)?);
            tokio::task::yield_now().await;
        }
        if tellings.is_empty() {
            return Ok(());
        }
        let mut writing = self.writing.lock().await;
        // Taken out: should this fail or be given up, the connection closes, and what it had begun never was.
        let mut connection = match writing.take() {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        append(&mut connection, tellings).await.map_err(|source| self.fault(source))?;
        *writing = Some(connection);
        Ok(())
    }

    /// The facts of a call, in their order; none when the call is not known.
    ///
    /// # Errors
    /// The database fails, or a fact cannot be read.
    pub async fn facts(&self, call: CallId) -> Result<Vec<StampedFact>, StoreFault> {
        let rows = sqlx::query("SELECT first, facts FROM tellings WHERE call = ? ORDER BY id")
            .bind(call.to_string())
            .fetch_all(&self.readers)
            .await
            .map_err(|source| self.fault(source))?;
        let mut facts = Vec::new();
        for row in rows {
            let first = row.try_get::<u32, _>("first").map_err(|source| self.fault(source))?;
            let told: &str = row.try_get("facts").map_err(|source| self.fault(source))?;
            let read = Telling::read(&self.tenant, call, told);
            facts.extend(read.map_err(|source| StoreFault::UnreadableFact {
                call,
                number: first,
                source,
            })?);
        }
        // Stable: of two facts with one number the first that was told counts.
        facts.sort_by_key(|fact: &StampedFact| fact.number);
        facts.dedup_by_key(|fact| fact.number);
        Ok(facts)
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
            .fetch_all(&self.readers)
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
             ORDER BY call DESC LIMIT ?",
        )
        .bind(limit)
        .fetch_all(&self.readers)
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
        let mut ends = Vec::new();
        for call in self.open_calls().await? {
            ends.extend(self.record(call).await?.and_then(|record| record.interrupted(now)));
        }
        self.append_facts(&ends).await?;
        Ok(ends.iter().map(|end| end.call).collect())
    }

    pub(crate) async fn close(&self) {
        self.readers.close().await;
        if let Some(connection) = self.writing.lock().await.take() {
            // A log that could not be taken into the database now is at the next opening.
            let _ = connection.close().await;
        }
    }

    fn call_id(&self, row: &SqliteRow) -> Result<CallId, StoreFault> {
        let text: String = row.try_get("call").map_err(|source| self.fault(source))?;
        CallId::parse(&text).map_err(|error| self.unusable(error.to_string()))
    }

    fn migration_fault(&self, error: MigrateError) -> StoreFault {
        match error {
            MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) => self.fault(source),
            MigrateError::VersionMissing(version) => self.newer(version),
            other => self.unusable(other.to_string()),
        }
    }

    fn newer(&self, form: i64) -> StoreFault {
        self.unusable(format!("a newer frontdesk changed it to form {form}"))
    }

    fn unusable(&self, why: String) -> StoreFault {
        StoreFault::Unusable { tenant: self.tenant.clone(), path: self.path.clone(), why }
    }

    fn fault(&self, source: sqlx::Error) -> StoreFault {
        StoreFault::database(&self.tenant, &self.path, source)
    }
}

/// In one transaction and one errand to the connection's thread: each errand costs two threads' waking.
fn append(
    connection: &mut SqliteConnection,
    mut tellings: Vec<Telling>,
) -> Boxed<'_, Result<(), sqlx::Error>> {
    // Immediate: to begin reading and become a writer later is what SQLite cannot wait for.
    let mut text = "BEGIN IMMEDIATE; ".to_owned();
    for part in tellings.chunks(STATEMENT_ROWS_MAX) {
        text += "INSERT INTO calls (call, started_at_us, ended_at_us, reason) VALUES ";
        text += &rows_of("(?,?,?,?)", part.len());
        text += " ON CONFLICT (call) DO UPDATE SET ended_at_us = excluded.ended_at_us, reason = excluded.reason \
                 WHERE ended_at_us IS NULL AND excluded.ended_at_us IS NOT NULL; \
                 INSERT INTO tellings (call, first, last, schema, facts) VALUES ";
        text += &rows_of("(?,?,?,?,?)", part.len());
        text += " ON CONFLICT DO NOTHING; ";
    }
    text += "COMMIT";
    // Safe: the text is made of nothing but what stands above. Not kept prepared: it differs with the number of calls.
    let mut query = sqlx::query(AssertSqlSafe(text)).persistent(false);
    for part in tellings.chunks_mut(STATEMENT_ROWS_MAX) {
        for telling in part.iter() {
            let (ended_at, reason) = telling.end.unzip();
            query = query
                .bind(telling.call.to_string())
                .bind(to_column(telling.started_at.as_unix_micros()))
                .bind(ended_at.map(|at| to_column(at.as_unix_micros())))
                .bind(reason);
        }
        for Telling { call, first, last, facts, .. } in part {
            let facts = std::mem::take(facts);
            query = query.bind(call.to_string()).bind(*first).bind(*last).bind(SCHEMA).bind(facts);
        }
    }
    Box::pin(async move { query.execute(connection).await.map(drop) })
}

fn rows_of(row: &str, count: usize) -> String {
    vec![row; count].join(",")
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
