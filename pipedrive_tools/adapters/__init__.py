"""The doors for agent frameworks. They translate and decide nothing: every rule lives in the toolset."""
