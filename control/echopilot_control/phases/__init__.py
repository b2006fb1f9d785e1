"""One function per phase: (context, memory) to the motion of this tick."""
