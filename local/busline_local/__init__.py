"""Busline's local cloud: MiniStack, with named patches where it departs from AWS."""
