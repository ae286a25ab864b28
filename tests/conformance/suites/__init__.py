"""One module a family of suites; each exports `SUITES`, a mapping of suite name to `Suite`."""
