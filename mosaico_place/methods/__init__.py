"""The methods that answer a problem, one room each."""
