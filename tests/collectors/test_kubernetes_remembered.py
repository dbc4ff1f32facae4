"""What is remembered of texts: as clean as when it was first seen, and bounded."""

from collectors.kubernetes_remembered import MAX_REMEMBERED, Messages
from statusdesk.text import MAX_CHARS

TOKEN = "hvs." + "CAESIJ" * 5


def test_messages_are_without_secrets_also_the_second_time():
    messages = Messages()
    assert TOKEN not in messages[f"refused {TOKEN}\nby vault"]
    assert (
        messages[f"refused {TOKEN}\nby vault"] == messages[f"refused {TOKEN}\nby vault"] == "refused [hidden] by vault"
    )
    assert messages[""] == ""


def test_long_messages_are_told_and_not_kept_nor_more_than_so_many():
    messages = Messages()
    assert len(messages["x" * (MAX_CHARS + 1)]) == MAX_CHARS and not messages
    for number in range(MAX_REMEMBERED + 10):
        assert messages[f"back-off {number}s"] == f"back-off {number}s"
    assert len(messages) <= MAX_REMEMBERED
