"""What is decoded of Vault's answers; nothing else of them is kept, and ``id``, which may be a token, is never read."""

import msgspec


class Wire(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Base of the decoded parts of answers."""


class HealthWire(Wire, frozen=True):
    initialized: bool
    sealed: bool
    standby: bool
    performance_standby: bool = False
    replication_dr_mode: str = ""
    version: str = ""
    server_time_utc: int | None = None


class TokenWire(Wire, frozen=True):
    """``expire_time`` must be there: only null, not absence, says that the token never expires."""

    expire_time: str | None
    accessor: str = ""
    issue_time: str | None = None
    last_renewal: str | None = None
    period: int | None = None
    explicit_max_ttl: int | None = None
    renewable: bool = False
    num_uses: int | None = None
    orphan: bool = False
    type: str | None = None
    display_name: str | None = None
    path: str | None = None
    policies: list[str] | None = None


class SecretIdWire(Wire, frozen=True):
    """A secret-id; ``expiration_time`` of one that never expires is in year one."""

    expiration_time: str | None
    creation_time: str | None = None
    secret_id_num_uses: int = 0


class SecretIdEnvelope(Wire, frozen=True):
    data: SecretIdWire


class CertificateWire(Wire, frozen=True):
    certificate: str
    revocation_time: int = 0


class CertificateEnvelope(Wire, frozen=True):
    data: CertificateWire


class TuneWire(Wire, frozen=True):
    max_lease_ttl: int = 0


class TuneEnvelope(Wire, frozen=True):
    data: TuneWire


class CapabilitiesWire(Wire, frozen=True):
    capabilities: list[str]


class CapabilitiesEnvelope(Wire, frozen=True):
    data: CapabilitiesWire


class Envelope(Wire, frozen=True):
    data: TokenWire


class Errors(Wire, frozen=True):
    errors: list[str]
