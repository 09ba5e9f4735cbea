"""The HTTP face and the command line: they translate, and decide nothing about physiology."""
