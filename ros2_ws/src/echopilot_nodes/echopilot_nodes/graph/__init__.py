"""Building blocks of the nodes: topics, QoS, parameters, clock, executor and message input and output."""
