"""The HTTP face and the command line: they translate, and decide nothing about physiology."""

if __name__ == "app":
    from retrorun import shorten

    shorten(__name__)
