"""What ends a demo, in one line for the person who started it."""


class DemoError(Exception):
    """The demo cannot go on: what was expected, what was found, what to do."""
