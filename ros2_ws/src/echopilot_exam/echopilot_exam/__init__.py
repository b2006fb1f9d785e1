"""The exam: protocol, state machine, acceptance gate, measurement over frames and poses, exam record."""
