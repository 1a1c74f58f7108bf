"""Following a changing instance: strategies that answer events, replays that compare them, and the orchestrator."""
