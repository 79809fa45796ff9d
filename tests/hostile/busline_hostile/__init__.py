"""Generated hostile input for every operation of the services' OpenAPI files, and a look at what was logged of it."""
