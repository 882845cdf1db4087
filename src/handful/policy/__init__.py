"""Who gets which: policy, sayable rules, and the artefact that decides without a learner."""
