"""The main job in order: experiment, effects, menu, policy, evidence, one frozen Plan."""
