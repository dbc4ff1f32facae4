"""What the name of an image tells: its tag, and its digest where it is pinned by one."""

from statusdesk.text import CUT

DIGEST_CHARS = 12


def image_tag(image: str) -> str:
    """Return the tag of an image; without one the start of its digest, else ``latest``; empty for none or a cut one."""
    if not image or image.endswith(CUT):
        return ""
    name, _, digest = image.partition("@")
    tag = name.rpartition("/")[2].partition(":")[2]
    if tag:
        return tag
    if digest:
        algorithm, _, value = digest.partition(":")
        return f"{algorithm}:{value[:DIGEST_CHARS]}"
    return "latest"


def image_digest(image: str) -> str:
    """Return the digest by which an image is named, or its id tells it; empty for one that has none."""
    return image.partition("@")[2]
