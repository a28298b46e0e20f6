"""A rendered post becomes mail bytes: once with slots, then per person by filling them."""
