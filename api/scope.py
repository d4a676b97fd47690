"""What is known of a request beside what ASGI says, by its key in the scope."""

TRACE_KEY = "autotrader.trace_id"
ROUTE_KEY = "autotrader.route"
STREAMS_KEY = "autotrader.streams"
