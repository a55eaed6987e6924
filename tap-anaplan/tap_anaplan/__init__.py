"""Singer tap for Anaplan: export actions, views, lists and the model's own metadata."""
