/**
 * The tables of the local database. Each entry takes the schema from its index to the next version; published entries
 * never change, a change of the schema is a new entry.
 *
 * Records are kept as JSON beside the columns that are searched by. The indexes of requests are partial: finished
 * requests, which are nearly all of them, cost the queue nothing.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE requests (
    id TEXT NOT NULL PRIMARY KEY,
    app TEXT NOT NULL,
    submitted_at INTEGER NOT NULL,
    queue_rank INTEGER,
    in_progress INTEGER,
    due_at INTEGER,
    webhook_due_at INTEGER,
    expires_at INTEGER,
    version INTEGER NOT NULL,
    head TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX requests_queue ON requests (app, queue_rank, id, submitted_at) WHERE queue_rank IS NOT NULL;
  CREATE INDEX requests_in_progress ON requests (app) WHERE in_progress IS NOT NULL;
  CREATE INDEX requests_due ON requests (due_at) WHERE due_at IS NOT NULL;
  CREATE INDEX requests_webhooks ON requests (webhook_due_at) WHERE webhook_due_at IS NOT NULL;
  CREATE INDEX requests_expiry ON requests (expires_at) WHERE expires_at IS NOT NULL;
  CREATE INDEX requests_by_app ON requests (app, id);

  CREATE TABLE inputs (
    id TEXT NOT NULL PRIMARY KEY,
    method TEXT NOT NULL,
    target TEXT NOT NULL,
    headers TEXT NOT NULL,
    bytes BLOB,
    blob TEXT
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE responses (
    id TEXT NOT NULL PRIMARY KEY,
    status INTEGER NOT NULL,
    headers TEXT NOT NULL,
    bytes BLOB,
    blob TEXT
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE events (
    id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    number INTEGER NOT NULL,
    event TEXT NOT NULL,
    bytes BLOB,
    PRIMARY KEY (id, attempt, number)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE runners (
    id TEXT NOT NULL PRIMARY KEY,
    app TEXT NOT NULL,
    terminated_at INTEGER,
    version INTEGER NOT NULL,
    record TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX runners_by_app ON runners (app, terminated_at);

  CREATE TABLE floors (
    app TEXT NOT NULL,
    revision TEXT NOT NULL,
    floor INTEGER NOT NULL,
    PRIMARY KEY (app, revision)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE ready_runners (
    app TEXT NOT NULL,
    revision TEXT NOT NULL,
    runner TEXT NOT NULL,
    PRIMARY KEY (app, revision, runner)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE apps (
    id TEXT NOT NULL PRIMARY KEY,
    record TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE decisions (
    number INTEGER PRIMARY KEY,
    app TEXT NOT NULL,
    decision TEXT NOT NULL
  ) STRICT;
  CREATE INDEX decisions_by_app ON decisions (app, number);

  CREATE TABLE keys (
    id TEXT NOT NULL PRIMARY KEY,
    created_at INTEGER NOT NULL,
    record TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE process_groups (
    leader INTEGER PRIMARY KEY,
    started TEXT NOT NULL,
    runner TEXT NOT NULL
  ) STRICT;
  `,
  `
  CREATE TABLE learnings (
    app TEXT NOT NULL PRIMARY KEY,
    learning TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
];
