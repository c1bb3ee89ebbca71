"""One grammar a module: what a kind of value looks like in English, Russian and Spanish."""
