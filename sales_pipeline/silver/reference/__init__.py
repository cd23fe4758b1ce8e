"""What sales are looked up in: the catalogue, its list prices, exchange rates."""
