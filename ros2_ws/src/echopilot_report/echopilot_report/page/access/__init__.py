"""Access to the operator's page: accounts, roles, sessions and checks of every request."""
