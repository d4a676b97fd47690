-- Where each projection stands in the log. Moved in the transaction that stores what was read; the row is also the fence:
-- whoever takes a partition over raises the epoch, and a transaction of an older epoch finds no row to move.
CREATE TABLE projections.projection_offsets (
    projection  text        NOT NULL,
    version     integer     NOT NULL,
    topic       text        NOT NULL,
    partition   integer     NOT NULL,
    next_offset bigint      NOT NULL,
    epoch       bigint      NOT NULL,
    claimed_at  timestamptz NOT NULL DEFAULT now(),
    moved_at    timestamptz,
    PRIMARY KEY (projection, version, topic, partition)
) WITH (fillfactor = 50);  -- updated in place many times a second

-- ClickHouse shares no transaction with this database: the range of offsets that an insert is made of is written here first.
-- One row for each partition, the newest range; done_at is null until its rows are stored and the offsets are moved.
CREATE TABLE projections.projection_ranges (
    projection   text        NOT NULL,
    version      integer     NOT NULL,
    topic        text        NOT NULL,
    partition    integer     NOT NULL,
    first_offset bigint      NOT NULL,
    next_offset  bigint      NOT NULL,
    epoch        bigint      NOT NULL,
    planned_at   timestamptz NOT NULL DEFAULT now(),
    done_at      timestamptz,
    PRIMARY KEY (projection, version, topic, partition),
    CHECK (first_offset < next_offset)
) WITH (fillfactor = 50);
