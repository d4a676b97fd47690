-- Revisions of a bar share a key: the highest wins. Read with FINAL.
CREATE TABLE IF NOT EXISTS {schema}.bars (
    id              UUID,
    symbol          LowCardinality(String),
    interval        LowCardinality(String),
    source          LowCardinality(String),
    start           DateTime64(6, 'UTC'),
    end             DateTime64(6, 'UTC'),
    open            Float64,
    high            Float64,
    low             Float64,
    close           Float64,
    volume          Float64,
    vwap            Float64,
    trades          UInt64,
    revision        UInt64,
    origin_kind     LowCardinality(String),
    available_at    DateTime64(6, 'UTC'),
    kafka_topic     LowCardinality(String) DEFAULT 'market.bars',
    kafka_partition UInt32,
    kafka_offset    UInt64
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toYYYYMM(start)
ORDER BY (symbol, interval, start, source);
