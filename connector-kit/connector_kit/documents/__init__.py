"""Plan rows into ERP documents, each posted exactly once. Knows neither the ERP nor where the rows come from."""
