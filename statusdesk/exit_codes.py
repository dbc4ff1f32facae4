"""The exit codes of every command, in one table."""

OK = 0  # yes, well, done
NO = 1  # the answer is no: something is failing, a check found an error
USAGE = 2  # a wrong command line or configuration
CANNOT_TELL = 3  # data is missing, stale, or its source cannot be read
INTERNAL = 70  # an error of the program itself
ALREADY_RUNNING = 75  # another collector holds the state directory
STEPPED_DOWN = 76  # the collector of a board has given way to a `watch`
INTERRUPTED = 130  # Ctrl-C
PIPE_CLOSED = 141  # whoever read stdout has gone
