"""The AWS behaviour that Busline relies on, one test module a patch."""
