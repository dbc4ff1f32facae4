"""What sources are called in facts, rows and settings: one Jenkins, one Vault, and clusters by their names."""

JENKINS = "jenkins"
VAULT = "vault"
KUBERNETES = "kubernetes/"
"""The name of a cluster follows: ``kubernetes/eu``."""
