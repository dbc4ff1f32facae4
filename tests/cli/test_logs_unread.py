"""What ``statusdesk logs`` tells at its end of logs that were never opened."""

import io
from types import SimpleNamespace

import pytest

from collectors.log_lines import FollowStatus
from statusdesk.cli import logs_output


@pytest.mark.parametrize("ending", [None, KeyboardInterrupt])
def test_what_was_never_read_is_told_at_the_end_even_where_all_else_is_not(monkeypatch, ending):
    source = SimpleNamespace(origins=[])
    status = FollowStatus(found=True, listed=True, ended=True, unread=("o-1/app", "o-2/app", "o-3/app", "o-4/app"))
    source.status = lambda: status
    source.start = source.close = lambda: None
    source.wait, source.take = (lambda timeout_s: None), (lambda limit: [])
    narration = io.StringIO()
    writing = logs_output.Writing(source, io.StringIO(), narration, what="orders", quiet=True)
    if ending is None:
        assert writing.run() == 0
    else:
        monkeypatch.setattr(writing, "_look", lambda: (_ for _ in ()).throw(ending))
        with pytest.raises(ending):
            writing.run()
    told = "not read: o-1/app, o-2/app, o-3/app and 1 more; no stream was free (--max-streams)"
    assert narration.getvalue() == f"statusdesk: {told}\n"
