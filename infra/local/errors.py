class StackError(Exception):
    """Something about the embedded stack.

    StackError
    ├── ComponentFailedError   a component did not start; the message quotes the end of its log
    ├── StackDownError         an endpoint was asked for, and the stack does not run
    ├── StackBusyError         another process is starting or stopping the same stack
    └── DownloadError          a jar could not be downloaded, or is not the one that the lock file names
    """


class ComponentFailedError(StackError):
    """A component did not start."""


class StackDownError(StackError):
    """An endpoint was asked for, and the stack does not run."""


class StackBusyError(StackError):
    """Another process is starting or stopping the same stack."""


class DownloadError(StackError):
    """A jar could not be downloaded, or is not the one that the lock file names."""
