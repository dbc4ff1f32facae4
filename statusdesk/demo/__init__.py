"""The demo: a small world with a Jenkins, a Kubernetes and a Vault in it, over real HTTP."""
