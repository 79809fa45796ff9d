"""Generated hostile input for every operation of the OpenAPI files, and a search of the logs."""
