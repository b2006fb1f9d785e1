"""The exam: protocol, named states, acceptance gate, aggregation over frames and poses, exam record."""
