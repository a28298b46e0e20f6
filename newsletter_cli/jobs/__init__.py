"""One module per thing a user asks for. A job joins the rooms; it prints nothing and returns a report."""
