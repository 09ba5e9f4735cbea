"""What a bout of running or walking costs forward and backward: the physiology, and nothing else."""

__version__ = "0.1.0"
