"""Routes of the operator's page: sign-in, exam requests and the live socket."""
