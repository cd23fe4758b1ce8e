"""Reference data of sales: the catalogue, its list prices, exchange rates."""
