"""What a person asks for beside a run."""
