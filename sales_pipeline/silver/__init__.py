"""One typed table of sales; what is set aside; the quarantine; the catalogue; the rates."""
