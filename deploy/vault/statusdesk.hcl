# The least that statusdesk needs of Vault or OpenBao: how long a token lives, by its accessor, and the same of its own.
#
#   vault policy write statusdesk statusdesk.hcl
#   vault token create -orphan -no-default-policy -policy=statusdesk -period=24h -display-name=statusdesk
#
# The token that this prints goes where [vault] token_env, token_file or token_command says. It is periodic: something
# must renew it at least once a day. statusdesk shows it as one of the rows, and renews it itself only where [vault]
# renew_own = true says so, with the first of the optional rules at the end.

path "auth/token/lookup-accessor" {
  capabilities       = ["update"]
  # Nothing but an accessor may be sent. Tighter still: name the accessors, and change this when a token is re-issued:
  #   allowed_parameters = { "accessor" = ["ACCESSOR-1", "ACCESSOR-2"] }
  allowed_parameters = { "accessor" = [] }
}

path "auth/token/lookup-self" {
  capabilities = ["read"]
}

# sys/health, which tells whether Vault is sealed, needs no right.

# Optional, each for one setting; take the "#" away where it is wanted:
#
# [vault] renew_own = true: the only thing that statusdesk ever writes
# path "auth/token/renew-self" { capabilities = ["update"] }
# and so that `statusdesk check`, which renews nothing, can tell whether that is allowed:
# path "sys/capabilities-self" { capabilities = ["update"] }
#
# [vault] mount_caps = true: foretells the cap of tokens whose mount limits them
# path "sys/mounts/auth/+/tune" { capabilities = ["read"] }
# and for a mount whose path has several parts, as auth/team/userpass:
# path "sys/mounts/auth/team/userpass/tune" { capabilities = ["read"] }
#
# [[vault.secret_id]]: how long a secret-id lives, by its accessor; name the roles
# path "auth/approle/role/billing/secret-id-accessor/lookup" { capabilities = ["update"] }
#
# [[vault.certificate]] needs no right: certificates are read without a token.
