"""The last build of a row, told in one way by the board, ``status`` and its JSON."""

import msgspec

from statusdesk.states import BuildState, Level


class LastBuild(msgspec.Struct, frozen=True, kw_only=True):
    """The newest build, whatever became of it.

    ``result``: as Jenkins says it, empty while it runs. ``word``: the result or ``running``, in lower case. ``level``:
    how the build went; one that was aborted or never built says nothing about that, and is idle.
    """

    number: int
    result: str
    word: str
    namespace: str
    level: Level
    running: bool = False


def last_build(build: BuildState) -> LastBuild | None:
    """Return the newest build: a newer one that runs or came to nothing goes before the last conclusive one."""
    if build.other_number is not None:
        running = not build.other_result
        return LastBuild(
            number=build.other_number,
            result=build.other_result,
            word=build.other_result.lower() or "running",
            namespace=build.namespace,
            level=Level.PROGRESSING if running else Level.IDLE,
            running=running,
        )
    if build.number is None:
        return None
    return LastBuild(
        number=build.number,
        result=build.result,
        word=build.result.lower() or build.level.value,
        namespace=build.namespace,
        level=build.level,
    )
