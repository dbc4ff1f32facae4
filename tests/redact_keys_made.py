"""Private keys as they stand in logs: of every kind, with what is written around each of their lines."""

import base64
import json
import random
from collections.abc import Callable

from hypothesis import strategies as st

Around = Callable[[int, str], str]  # of the number of a line and its text
# how the bytes of one begin, and how many there are. Source: RFC 8017, RFC 5915, RFC 5208, OpenSSH PROTOCOL.key
_KINDS = [
    ("RSA PRIVATE KEY", 64, "308204a30201000282010100", 1187, 1194),
    ("RSA PRIVATE KEY", 64, "308209280201000282020100", 2344, 2352),
    ("PRIVATE KEY", 64, "308204be020100300d06092a864886f70d0101010500048204a8", 1214, 1220),
    ("EC PRIVATE KEY", 64, "30770201010420", 121, 121),
    ("EC PRIVATE KEY", 64, "30250201010420", 39, 49),  # without what is public
    ("PRIVATE KEY", 64, "308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420", 138, 138),
    ("PRIVATE KEY", 64, "302e020100300506032b657004220420", 48, 48),
    ("PRIVATE KEY", 64, "3047020100300506032b6571043b0439", 73, 73),
    ("ENCRYPTED PRIVATE KEY", 64, "3081f6306106092a864886f70d01050d3054", 249, 255),
    ("PRIVATE KEY", 76, "308204be020100300d06092a864886f70d0101010500048204a8", 1214, 1220),
    ("OPENSSH PRIVATE KEY", 70, (b"openssh-key-v1\0" + b"\0\0\0\4none" * 2 + bytes(7) + b"\1").hex(), 260, 2650),
]


@st.composite
def private_keys(draw: st.DrawFn) -> list[str]:
    """Return the lines of a private key."""
    label, width, begins, least, most = draw(st.sampled_from(_KINDS))
    begin, size = bytes.fromhex(begins), draw(st.integers(least, most))
    body = base64.b64encode(begin + random.Random(draw(st.integers(0, 1 << 32))).randbytes(size - len(begin))).decode()
    headers = draw(st.sampled_from([[], [], ["Proc-Type: 4,ENCRYPTED", "DEK-Info: AES-128-CBC,0123456789ABCDEF", ""]]))
    lines = [body[at : at + width] for at in range(0, len(body), width)]
    return [f"-----BEGIN {label}-----", *headers, *lines, f"-----END {label}-----"]


def _before(text: str) -> Around:
    return lambda _at, line: text + line


def _second(at: int) -> str:
    return f"2026-11-23T10:{at // 60 % 60:02}:{at % 60:02}"


AROUND: list[Around] = [  # as loggers, diffs, quotations, settings and programs write
    *map(_before, ["", "-", "+", " ", "# ", "#", "> ", ">", ">> ", "//", "// ", " * ", "|", "| ", "app-1  | ", "    "]),
    *map(_before, ["$", "%", "=", "(", "[", ",", "`", "@", "'", '"', "log=", "k: ", "<td>", "[app] ", "stdout F "]),
    *map(
        _before, ["+ echo ", "      KEY:  ", "\\t", "- ", "  - ", "--- ", "INFO com.example.orders.OrderServiceImpl - "]
    ),
    *map(_before, ["/srv/tls/orders.key:", "[deploy] /var/lib/workspace/orders ", "Nov 23 10:00:00 host app[1]: "]),
    lambda at, line: f"{at}:{line}",
    lambda at, line: f"{at:6}  {line}",
    lambda at, line: f"orders.key-{at}-{line}",
    lambda at, line: f"{_second(at)}Z {line}",
    lambda at, line: f"{_second(at)}.{at * 7919 % 1000:03}Z  INFO 1 --- [main] c.e.Orders : {line}",
    lambda at, line: f"{_second(at)}.{at * 7919 + 1}Z stdout F {line}",
    lambda at, line: f"I1123 {_second(at)[11:]}.000123       1 main.go:12] {line}",
    lambda at, line: f"[{_second(at)}.000Z] {line}",
    lambda at, line: f"[{at * 2654435761 % 2**32:08x}] {line}",  # changes with each line
    lambda at, line: f"ts={_second(at)}Z level=info msg={line} caller=main.go:12",
    lambda at, line: json.dumps({"log": line + "\n", "stream": "stdout", "time": f"{_second(at)}.{at}Z"}),
    lambda at, line: json.dumps(
        {"level": "info", "ts": at / 7, "msg": line, "logger": "orders"}, separators=(",", ":")
    ),
    lambda at, line: json.dumps({"body": json.dumps({"at": at, "line": line})}),
    lambda _at, line: f'"{line}\\n" +',
    lambda _at, line: f"    '{line}',",
    lambda _at, line: f"  {line}\\n\\",
    lambda _at, line: f"{line}\\r",
    lambda _at, line: f"{line}$",
    lambda _at, line: f"{line}<br>",
    lambda _at, line: f"| {line} |",
    lambda at, line: f"  app:tls {line} +{at % 7}ms",
]


def body_of(lines: list[str]) -> range:
    """Return the numbers of the lines that hold what is secret of a key."""
    return range(4 if ":" in lines[1] else 1, len(lines) - 1)


ORDINARY = [
    "2026-11-23T10:00:00Z INFO up",
    "GET /api/v1/namespaces/staging/pods/orders-7d9f8b6c5d-x2k4f 200",
    "at org.springframework.beans.factory.support.DefaultListableBeanFactory.getBean(BeanFactory.java:199)",
    "trace=4bf92f3577b34da6a3ce929d0e0e4736 span=00f067aa0ba902b7",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 pulled",
    "Started OrdersServiceApplication in 4.2 seconds (process running for 5.1)",
    "INFO com.example.orders.OrderServiceImpl - ready",
    'File "/usr/local/lib/python3.11/site-packages/urllib3/connectionpool.py", line 467, in urlopen',
    '{"level":"info","msg":"ready","took":12}',
]
