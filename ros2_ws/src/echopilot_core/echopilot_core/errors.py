"""The one exception that users see as a single clear line."""


class EchoPilotError(Exception):
    """Bad input or a missing resource; the command line prints the message and exits with 2."""
