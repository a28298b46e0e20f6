"""What was sent to whom, and who is never mailed: the one place that decides whether a mail may go out."""
