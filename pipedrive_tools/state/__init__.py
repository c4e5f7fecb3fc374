"""One store for what must outlive a process: the journal, the audit chain, approvals, usage and credentials."""
