"""Words for people."""

import pytest

from statusdesk import text


@pytest.mark.parametrize(("count", "said"), [(0, "0 builds"), (1, "1 build"), (2, "2 builds"), (1200, "1,200 builds")])
def test_one_is_not_several(count, said):
    assert text.counted(count, "build") == said
