# The least that statusdesk needs of Vault or OpenBao: how long a token lives, by its accessor, and the same of its own.
#
#   vault policy write statusdesk statusdesk.hcl
#   vault token create -orphan -no-default-policy -policy=statusdesk -period=24h -display-name=statusdesk
#
# The token that this prints goes where [vault] token_env, token_file or token_command says. It is periodic: something
# must renew it at least once a day; statusdesk renews nothing, and shows its own token as one of the rows.

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
