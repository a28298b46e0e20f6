"""List files become subscribers, and subscribers those who are mailed; whoever is left out has line and reason."""
