-- One row for each series of bars.
CREATE TABLE {schema}.symbols (
    symbol        text             NOT NULL,
    "interval"    text             NOT NULL,
    source        text             NOT NULL,
    bars          bigint           NOT NULL,
    first_start   timestamptz      NOT NULL,
    last_end      timestamptz      NOT NULL,
    last_revision bigint           NOT NULL,
    last_close    double precision NOT NULL,
    PRIMARY KEY (symbol, "interval", source)
) WITH (fillfactor = 50);
