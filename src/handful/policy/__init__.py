"""Who gets which: the policy, its sayable rules, and the artefact that decides without a learner."""
