"""Says which open streams of logs have to be opened anew: nothing on a connection tells that it leads nowhere."""

from collectors.log_pods import PodContainer
from collectors.log_stream import ContainerReader
from collectors.log_track import Patience

LATE_S = 10.0  # after a restart the API server may tell for so long of the run before


def is_due(reader: ContainerReader, container: PodContainer | None, patience: Patience, now_s: float) -> bool:
    """Say whether a stream has been silent for too long, or its container has ended without a word.

    ``container`` is as its pod was listed last, None where that has gone; the reader keeps since when it differs.
    """
    is_same = container is not None and container.run_id == reader.track.run_id
    if is_same or not reader.follows:
        reader.other_s = None
    elif reader.other_s is None:
        reader.other_s = now_s
    silent_s = now_s - reader.heard_s
    is_over = not is_same or container is None or container.ended is not None
    # one that was opened while the API server may not have known yet of another run may be that one's
    may_be_other = reader.other_s is not None and reader.other_s < reader.opened_s + LATE_S
    is_told = reader.other_s is not None and now_s > reader.other_s + patience.stale_s
    is_stale = reader.follows and silent_s >= patience.stale_s and is_over
    return silent_s > patience.reconnect_s or is_stale or (may_be_other and is_told)
