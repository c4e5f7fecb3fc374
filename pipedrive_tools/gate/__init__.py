"""Who may do what: the policy file, the decision, approvals and taint. Nothing here sends anything."""
