"""What generated lives are worth: the error of RUL forecasts that learn from them."""
