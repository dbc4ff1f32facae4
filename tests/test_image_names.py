"""Images by their names: tags and digests."""

import pytest

from statusdesk.image_names import image_digest, image_tag


@pytest.mark.parametrize(
    ("image", "tag"),
    [
        ("app:1.2", "1.2"),
        ("registry:5000/team/app:1.2@sha256:0123456789abcdef", "1.2"),
        ("registry:5000/team/app@sha256:0123456789abcdef", "sha256:0123456789ab"),
        ("registry:5000/team/app", "latest"),
        ("registry:5000/team/" + "x" * 280 + "\u2026", ""),  # what was cut has lost its tag
        ("", ""),
    ],
)
def test_image_tags(image, tag):
    assert image_tag(image) == tag


@pytest.mark.parametrize(
    ("image", "digest"),
    [
        ("app:1.2@sha256:0123", "sha256:0123"),
        ("docker-pullable://registry:5000/app@sha256:0123", "sha256:0123"),
        ("registry:5000/app:1.2", ""),
        ("", ""),
    ],
)
def test_image_digests(image, digest):
    assert image_digest(image) == digest
