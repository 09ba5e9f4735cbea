"""What a bout of running or walking costs forward and backward: the physiology, and nothing else."""

if __name__ == "models":
    from retrorun import shorten

    shorten(__name__)

__version__ = "0.2.0"
