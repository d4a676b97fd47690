-- Not partitioned: rows only come, nothing expires, and a look-up by id would have to ask every partition.
CREATE TABLE {schema}.recommendations (
    id              uuid             NOT NULL,
    symbol          text             NOT NULL,
    "interval"      text             NOT NULL,
    action          text             NOT NULL,
    confidence      double precision NOT NULL,
    score           double precision NOT NULL,
    threshold       double precision NOT NULL,
    decided_at      timestamptz      NOT NULL,
    valid_until     timestamptz      NOT NULL,
    price           double precision NOT NULL,
    source          text             NOT NULL,
    model_id        text             NOT NULL,
    features_id     uuid             NOT NULL,
    feature_set     text             NOT NULL,
    synthetic       boolean          NOT NULL,
    kafka_topic     text             NOT NULL,
    kafka_partition integer          NOT NULL,
    kafka_offset    bigint           NOT NULL,
    PRIMARY KEY (id)
);

-- newest first, whole or of a symbol
CREATE INDEX recommendations_newest ON {schema}.recommendations (decided_at DESC, id DESC);
CREATE INDEX recommendations_of_symbol ON {schema}.recommendations (symbol, decided_at DESC, id DESC);
-- what a filter that hardly anything passes is answered with
CREATE INDEX recommendations_by_confidence ON {schema}.recommendations (action, confidence);
-- following the log, and finding an id's place in it
CREATE INDEX recommendations_by_place ON {schema}.recommendations (kafka_topic, kafka_partition, kafka_offset);

-- No foreign key: both rows are stored by one transaction, and checking it would cost a look-up for each.
-- Rows of a few kilobytes stay in the table as they are: compressing them costs more than it saves here.
CREATE TABLE {schema}.recommendation_explanations (
    recommendation_id uuid               NOT NULL,
    summary           text               NOT NULL,
    rendered          text               NOT NULL,
    raw               double precision[] NOT NULL,
    normalised        double precision[] NOT NULL,
    contributions     double precision[] NOT NULL,
    PRIMARY KEY (recommendation_id)
) WITH (toast_tuple_target = 8160);
COMMENT ON COLUMN {schema}.recommendation_explanations.rendered IS
    'the recommendation as JSON: sentences, families, what held it back; as the API answers it';
COMMENT ON COLUMN {schema}.recommendation_explanations.raw IS 'features in the order of the catalogue, NaN where not known';
